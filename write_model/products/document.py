"""How a product is stored: one document, the state."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from write_model.ports import Aggregate
from write_model.products.product import Product, ProductNotFound, ProductStatus, SkuTaken, evolve


def to_document(product: Product) -> dict[str, Any]:
    """The document of the state."""
    fields = asdict(product)
    return {"_id": fields.pop("id"), **fields, "status": product.status.value}


def from_document(document: Mapping[str, Any]) -> Product:
    """The state in its document."""
    return Product(
        id=document["_id"],
        version=document["version"],
        sku=document["sku"],
        name=document["name"],
        description=document["description"],
        category=document["category"],
        price=document["price"],
        currency=document["currency"],
        stock=document["stock"],
        status=ProductStatus(document["status"]),
    )


PRODUCTS: Aggregate[Product] = Aggregate(
    kind="prd",
    collection="products",
    evolve=evolve,
    to_document=to_document,
    from_document=from_document,
    missing=ProductNotFound,
    visible_to=lambda _product, _actor: True,
    taken={"sku": lambda product: SkuTaken(sku=product.sku, field=("input", "sku"))},
)
