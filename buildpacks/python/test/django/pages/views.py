import django
from django.http import HttpResponse
from django.templatetags.static import static


def hello(request):
    return HttpResponse(f"hello from Django {django.VERSION[0]}, style at {static('pages/style.css')}\n")
