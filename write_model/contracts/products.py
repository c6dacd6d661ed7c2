"""What can have happened to a product. Prices are whole minor units of their currency."""

from write_model.contracts.event import Event


class ProductAdded(Event):
    sku: str
    name: str
    description: str
    category: str
    price: int
    currency: str
    stock: int


class ProductDetailsUpdated(Event):
    """Name, description and category as they are from now on, all, whichever changed."""

    name: str
    description: str
    category: str


class ProductPriceChanged(Event):
    price: int
    currency: str


class ProductRestocked(Event):
    quantity: int


class ProductDiscontinued(Event):
    pass


class StockReserved(Event):
    """Units were taken for an order."""

    order_id: str
    quantity: int


class StockReleased(Event):
    """Units came back from an order that was cancelled."""

    order_id: str
    quantity: int


ProductEvent = (
    ProductAdded
    | ProductDetailsUpdated
    | ProductPriceChanged
    | ProductRestocked
    | ProductDiscontinued
    | StockReserved
    | StockReleased
)
