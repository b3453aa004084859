"""Addresses of overrides and of the swap board, mounted by `urls`."""

from django.urls import path

from rotations.coverage import swap_api, swap_override_api, swap_override_views, swap_views

urlpatterns = [
    path("rotations/<uuid:id>/overrides/", swap_override_views.override, name="override"),
    path("rotations/overrides/<uuid:id>/cancel/", swap_override_views.cancel, name="override_cancel"),
    path("swaps/", swap_views.board, name="swaps"),
    path("swaps/new/", swap_views.choose, name="swap_choose"),
    path("rotations/<uuid:id>/swaps/new/", swap_views.ask, name="swap_ask"),
    path("rotations/<uuid:id>/take/", swap_views.take, name="pager_take"),
    path("swaps/<uuid:id>/accept/", swap_views.accept, name="swap_accept"),
    path("swaps/<uuid:id>/decline/", swap_views.decline, name="swap_decline"),
    path("swaps/<uuid:id>/withdraw/", swap_views.withdraw, name="swap_withdraw"),
    path("swaps/<uuid:id>/undo/", swap_views.undo, name="swap_undo"),
]
api_urlpatterns = [
    path("overrides/", swap_override_api.OverridesView.as_view(), name="api_overrides"),
    path("overrides/<uuid:id>/", swap_override_api.OverrideView.as_view(), name="api_override"),
    path("overrides/<uuid:id>/cancel/", swap_override_api.OverrideCancelView.as_view(), name="api_override_cancel"),
    path("swaps/", swap_api.SwapsView.as_view(), name="api_swaps"),
    path("swaps/<uuid:id>/", swap_api.SwapView.as_view(), name="api_swap"),
    path("swaps/<uuid:id>/accept/", swap_api.SwapAcceptView.as_view(), name="api_swap_accept"),
    path("swaps/<uuid:id>/decline/", swap_api.SwapDeclineView.as_view(), name="api_swap_decline"),
    path("swaps/<uuid:id>/withdraw/", swap_api.SwapWithdrawView.as_view(), name="api_swap_withdraw"),
    path("swaps/<uuid:id>/undo/", swap_api.SwapUndoView.as_view(), name="api_swap_undo"),
]
