from django.urls import path

from rotations.leave import api, views

urlpatterns = [
    path("leave/", views.leave, name="leave"),
    path("leave/stand-down/", views.stand_down, name="stand_down"),
    path("leave/call-outs/<uuid:id>/", views.call_out, name="call_out"),
    path("leave/call-outs/<uuid:id>/correct/", views.correct, name="call_out_correct"),
]
api_urlpatterns = [
    path("leave/entries/", api.EntriesView.as_view(), name="api_leave_entries"),
    path("leave/balances/", api.BalancesView.as_view(), name="api_leave_balances"),
    path("leave/call-outs/", api.CallOutsView.as_view(), name="api_leave_call_outs"),
]
