"""Edges: sign in and out, change and reset the password. Django's own views, with tries counted."""

from typing import Any

from django.conf import settings
from django.contrib.auth import views as auth
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpResponse
from django.shortcuts import redirect

from oncall import clock
from oncall.people import joining, throttle
from oncall.people.forms import ResetForm, SignInForm
from oncall.people.models import CountedTry, Person
from oncall.people.viewer import network_address


class SignIn(auth.LoginView):
    form_class = SignInForm
    redirect_authenticated_user = True

    def get_form_kwargs(self) -> dict[str, Any]:
        address = network_address(self.request, behind_proxy=bool(settings.SECURE_PROXY_SSL_HEADER))
        return {**super().get_form_kwargs(), "now": clock.now(), "address": address}

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        person = form.get_user()
        assert isinstance(person, Person)
        joining.joined(person=person, now=clock.now())
        return super().form_valid(form)


class Reset(auth.PasswordResetView):
    """Answers the same whether or not the address is known (security.md S14)."""

    form_class = ResetForm
    extra_email_context = {"public_base_url": settings.PUBLIC_BASE_URL}

    def form_valid(self, form: Any) -> HttpResponse:
        now = clock.now()
        address = network_address(self.request, behind_proxy=bool(settings.SECURE_PROXY_SSL_HEADER))
        try:
            throttle.count_try(
                kind=CountedTry.Kind.RESET_ADDRESS, subject=address, at_most=throttle.RESETS_PER_ADDRESS, now=now
            )
        except throttle.TooManyTries as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        try:
            throttle.count_try(
                kind=CountedTry.Kind.RESET_ACCOUNT,
                subject=form.cleaned_data["email"],
                at_most=throttle.RESETS_PER_ACCOUNT,
                now=now,
            )
        except throttle.TooManyTries:
            return redirect(self.get_success_url())  # enough links are in that mailbox already
        return super().form_valid(form)


class SetPassword(auth.PasswordResetConfirmView):
    def form_valid(self, form: Any) -> HttpResponse:
        """Whoever reads the account's mail has proved who they are: the count of failed tries begins anew."""
        throttle.forget(kind=CountedTry.Kind.ACCOUNT, subject=form.user.get_username())
        return super().form_valid(form)
