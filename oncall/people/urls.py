"""Addresses of people, teams, accounts and tokens."""

from django.contrib.auth import views as auth
from django.urls import path

from oncall.people import hours_views, signin, views

urlpatterns = [
    path("accounts/login/", signin.SignIn.as_view(), name="login"),
    path("accounts/logout/", auth.LogoutView.as_view(), name="logout"),
    path("accounts/password/", auth.PasswordChangeView.as_view(), name="password_change"),
    path("accounts/password/done/", auth.PasswordChangeDoneView.as_view(), name="password_change_done"),
    path("accounts/reset/", signin.Reset.as_view(), name="password_reset"),
    path("accounts/reset/sent/", auth.PasswordResetDoneView.as_view(), name="password_reset_done"),
    path("accounts/reset/done/", auth.PasswordResetCompleteView.as_view(), name="password_reset_complete"),
    path("accounts/reset/<uidb64>/<token>/", signin.SetPassword.as_view(), name="password_reset_confirm"),
    path("people/", views.people, name="people"),
    path("people/invite/", views.invite, name="person_invite"),
    path("people/teams/new/", views.team_new, name="team_new"),
    path("people/teams/<uuid:id>/", views.team, name="team"),
    path("people/<uuid:id>/edit/", views.person_edit, name="person_edit"),
    path("people/<uuid:id>/invite/", views.invite_again, name="person_invite_again"),
    path("people/<uuid:id>/close/", views.person_close, name="person_close"),
    path("people/<uuid:id>/open/", views.person_open, name="person_open"),
    path("people/<uuid:id>/roles/", views.role_give, name="role_give"),
    path("people/roles/<uuid:id>/end/", views.role_end, name="role_end"),
    path("me/hours/", hours_views.mine, name="hours"),
    path("people/<uuid:id>/hours/", hours_views.of_person, name="person_hours"),
    path("people/hours/<uuid:id>/withdraw/", hours_views.withdraw, name="hours_withdraw"),
    path("people/work-calendars/", hours_views.calendars, name="work_calendars"),
    path("me/tokens/", views.tokens, name="tokens"),
    path("me/tokens/<uuid:id>/revoke/", views.token_revoke, name="token_revoke"),
]
