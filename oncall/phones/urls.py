"""Addresses of on-call phones."""

from django.urls import path

from oncall.phones import api, views

urlpatterns = [
    path("me/phone/", views.my_phone, name="my_phone"),
    path("phones/", views.phones, name="phones"),
    path("phones/<uuid:id>/", views.phone, name="phone"),
    path("phones/<uuid:id>/decide/", views.phone_decide, name="phone_decide"),
    path("phones/<uuid:id>/issue/", views.phone_issue, name="phone_issue"),
    path("phones/<uuid:id>/lost/", views.phone_lose, name="phone_lose"),
    path("phones/<uuid:id>/back/", views.phone_take_back, name="phone_take_back"),
    path("phones/<uuid:id>/withdraw/", views.phone_withdraw, name="phone_withdraw"),
]
api_urlpatterns = [
    path("phones/", api.Phones.as_view(), name="api_phones"),
]
