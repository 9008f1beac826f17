def sidebar(request):
    return []
def search(request, term):
    return []
