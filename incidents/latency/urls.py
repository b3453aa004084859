"""Addresses of nights, visits and budgets. `api_urlpatterns` are mounted under /api/v1/."""

from django.urls import URLPattern, path

from incidents.latency import api, budget_api, night_views, rule_views, tonight_api, visit_views

urlpatterns: list[URLPattern] = [
    path("nights/blocks/", visit_views.survey_blocks, name="survey_blocks"),
    path("nights/<int:day_obs>/visits/", visit_views.visits, name="visits"),
    path("visits/<int:visit_id>/", visit_views.visit, name="visit"),
    path("nights/", night_views.nights, name="nights"),
    path("nights/start/", night_views.start, name="budget_start"),
    path("nights/alarms/<uuid:id>/cost/", night_views.cost, name="alarm_cost"),
    path("nights/<str:day_obs>/", night_views.night, name="night"),
    path("latency/rules/", rule_views.rules, name="latency_rules"),
    path("latency/rules/<str:kind>/", rule_views.rule, name="latency_rule"),
    path("latency/rules/<str:kind>/waive/", rule_views.waive, name="latency_rule_waive"),
    path("latency/rules/<str:kind>/agree/", rule_views.agree, name="latency_rule_waiver_agree"),
    path("latency/rules/<str:kind>/end-waiver/", rule_views.end_waiver, name="latency_rule_waiver_end"),
]
api_urlpatterns: list[URLPattern] = [
    path("visits/", api.visits, name="api_visits"),
    path("visits/<int:visit_id>/", api.OneVisit.as_view(), name="api_visit"),
    path("deliveries/", api.deliveries, name="api_deliveries"),
    path("nights/<str:day_obs>/budget/", budget_api.NightBudgetView.as_view(), name="api_night_budget"),
    path("budget/", budget_api.BudgetView.as_view(), name="api_budget"),
    path("latency/tonight/", tonight_api.TonightView.as_view(), name="api_latency_tonight"),
    path("next-visits/", api.NextVisits.as_view(), name="api_next_visits"),
    path("survey-blocks/", api.Blocks.as_view(), name="api_blocks"),
    path("survey-blocks/<path:code>/", api.OneBlock.as_view(), name="api_block"),
]
