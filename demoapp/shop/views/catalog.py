"""The catalogue, and one product."""

from typing import Any

from pyramid.httpexceptions import HTTPNotFound
from pyramid.view import view_config
from sqlalchemy import or_, select

from demoapp.i18n import _
from demoapp.shop import text
from demoapp.shop.models import Category, Product
from demoapp.shop.products import localised, localised_category


@view_config(route_name="catalog", request_method="GET", renderer="demoapp:templates/catalog.pt")
def catalog(request: Any) -> dict[str, Any]:
    words = text.composed(request.GET.get("q", ""))[:80]
    chosen = request.GET.get("category", "")[:32]
    category = request.dbsession.get(Category, chosen) if chosen else None
    query = select(Product).order_by(Product.position)
    if category:  # else it may be an old link: the whole shop is better than an empty one
        query = query.where(Product.category_id == chosen)
    for word in text.key(words).split():
        texts = (Product.name_en, Product.name_ko, Product.summary_en, Product.summary_ko)
        query = query.where(or_(*(each.icontains(word, autoescape=True) for each in texts)))
    locale = request.locale_name
    products = [localised(product, locale) for product in request.dbsession.scalars(query)]
    return {
        "products": products,
        "query": words,
        "category": category and localised_category(category, locale),
        "count": len(products),
        "offered": next((product for product in products if product.stock), None),
    }


def find(request: Any, sku: str) -> Product:
    product: Product | None = request.dbsession.get(Product, sku)
    if product is None:
        raise HTTPNotFound(_("We do not sell that."))
    return product


@view_config(route_name="product", request_method="GET", renderer="demoapp:templates/product.pt")
def product(request: Any) -> dict[str, Any]:
    found = find(request, request.matchdict["sku"])
    query = select(Product).where(
        Product.category_id == found.category_id, Product.sku != found.sku
    )
    related = request.dbsession.scalars(query.order_by(Product.position).limit(3))
    locale = request.locale_name
    return {
        "product": localised(found, locale),
        "related": [localised(other, locale) for other in related],
    }
