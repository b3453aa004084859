"""Addresses of work items."""

from django.urls import path

from oncall.work import api, views

urlpatterns = [
    path("work-items/", views.items, name="work_items"),
    path("work-items/new/", views.item_new, name="work_item_new"),
    path("work-items/<uuid:id>/", views.item, name="work_item"),
    path("work-items/<uuid:id>/done/", views.item_done, name="work_item_done"),
]
api_urlpatterns = [
    path("work-items/", api.WorkItems.as_view(), name="api_work_items"),
    path("work-items/<uuid:id>/", api.WorkItemView.as_view(), name="api_work_item"),
    path("work-items/<uuid:id>/done/", api.WorkItemDone.as_view(), name="api_work_item_done"),
]
