"""One route per permission class: what the access tests ask."""

from __future__ import annotations

from django.urls import path
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.api.auth import AdminAccess, ReadAccess, WriteAccess


def guarded(permission: type[BasePermission]) -> type[APIView]:
    class GuardedView(APIView):
        permission_classes = [permission]

        def get(self, request: Request) -> Response:
            return Response({"key": None if request.auth is None else request.auth.name})

    return GuardedView


urlpatterns = [
    path("read", guarded(ReadAccess).as_view()),
    path("write", guarded(WriteAccess).as_view()),
    path("admin", guarded(AdminAccess).as_view()),
]
