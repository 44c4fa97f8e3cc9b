"""Djoser's paths, and a view of the application's own."""

from django.urls import include, path
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView


class RoomsView(APIView):
    permission_classes = [IsAuthenticated]

    def get(self, request):
        return Response({"rooms": []})


urlpatterns = [
    path("auth/", include("djoser.urls")),
    path("auth/", include("djoser.urls.authtoken")),
    path("auth/", include("djoser.urls.jwt")),
    path("api/rooms/", RoomsView.as_view()),
]
