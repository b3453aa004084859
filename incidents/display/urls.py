"""Addresses of screens that only ask, and of what a watcher asks."""

from django.urls import path

from incidents.display import health, products, products_api, search, search_api, views

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("search/", search.search, name="search"),
    path("products/", products.products, name="products"),
    path("products/unowned/", products.unowned, name="products_unowned"),
    path("products/at/", products.at, name="product_at"),
    path("products/new/", products.new, name="product_new"),
    path("products/<uuid:id>/", products.product, name="product"),
    path("products/<uuid:id>/edit/", products.edit, name="product_edit"),
]

api_urlpatterns = [
    path("search/", search_api.Search.as_view(), name="api_search"),
    path("products/", products_api.Products.as_view(), name="api_products"),
]
