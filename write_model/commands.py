"""Everything the system can do: each command with its handler."""

from typing import Any, Final

from write_model.customers.deactivate_customer import DeactivateCustomer, deactivate_customer
from write_model.customers.document import CUSTOMERS
from write_model.customers.reactivate_customer import ReactivateCustomer, reactivate_customer
from write_model.customers.register_customer import RegisterCustomer, register_customer
from write_model.customers.update_customer_profile import UpdateCustomerProfile, update_customer_profile
from write_model.orders.add_order_item import AddOrderItem, add_order_item
from write_model.orders.cancel_order import CancelOrder, cancel_order
from write_model.orders.change_order_item_quantity import ChangeOrderItemQuantity, change_order_item_quantity
from write_model.orders.confirm_order import ConfirmOrder, confirm_order
from write_model.orders.create_order import CreateOrder, create_order
from write_model.orders.deliver_order import DeliverOrder, deliver_order
from write_model.orders.document import ORDERS
from write_model.orders.place_order import PlaceOrder, place_order
from write_model.orders.remove_order_item import RemoveOrderItem, remove_order_item
from write_model.orders.ship_order import ShipOrder, ship_order
from write_model.orders.submit_order import SubmitOrder, submit_order
from write_model.ports import Aggregate, Command, Handler
from write_model.products.add_product import AddProduct, add_product
from write_model.products.change_product_price import ChangeProductPrice, change_product_price
from write_model.products.discontinue_product import DiscontinueProduct, discontinue_product
from write_model.products.document import PRODUCTS
from write_model.products.restock_product import RestockProduct, restock_product
from write_model.products.update_product_details import UpdateProductDetails, update_product_details
from write_model.queue.document import QUEUED_COMMANDS

COMMANDS: Final[dict[type[Command], Handler[Any]]] = {
    RegisterCustomer: register_customer,
    UpdateCustomerProfile: update_customer_profile,
    DeactivateCustomer: deactivate_customer,
    ReactivateCustomer: reactivate_customer,
    AddProduct: add_product,
    UpdateProductDetails: update_product_details,
    ChangeProductPrice: change_product_price,
    RestockProduct: restock_product,
    DiscontinueProduct: discontinue_product,
    PlaceOrder: place_order,
    CreateOrder: create_order,
    AddOrderItem: add_order_item,
    ChangeOrderItemQuantity: change_order_item_quantity,
    RemoveOrderItem: remove_order_item,
    SubmitOrder: submit_order,
    ConfirmOrder: confirm_order,
    ShipOrder: ship_order,
    DeliverOrder: deliver_order,
    CancelOrder: cancel_order,
}

AGGREGATES: Final[tuple[Aggregate[Any], ...]] = (CUSTOMERS, PRODUCTS, ORDERS, QUEUED_COMMANDS)


def name_of(command: type[Command]) -> str:
    """The command's name in the contract, which is its mutation's: `placeOrder`."""
    return command.__name__[0].lower() + command.__name__[1:]


NAMED: Final[dict[str, type[Command]]] = {name_of(command): command for command in COMMANDS}
