"""Addresses below /collector/v1/."""

from django.urls import path

from apps.collectors.collector_api import views

app_name = "collector_api"

urlpatterns = [
    path("enrol", views.EnrolView.as_view(), name="enrol"),
    path("token", views.TokenView.as_view(), name="token"),
    path("check-in", views.CheckInView.as_view(), name="check-in"),
    path("events", views.EventBatchView.as_view(), name="events"),
    path("enrolment", views.EnrolmentView.as_view(), name="enrolment"),
]
