from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.urls import path, reverse


def index(request):
    if request.method == "POST":
        return HttpResponse("django posted")
    field = f'<input type="hidden" name="csrfmiddlewaretoken" value="{get_token(request)}">'
    return HttpResponse(
        f'<h1>django</h1><form method="post" action="{reverse("index")}">{field}'
        "<button>Go</button></form>"
    )


urlpatterns = [path("", index, name="index")]
