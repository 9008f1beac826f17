from django.db import connection


def test_hello(db):
    with connection.cursor() as cursor:
        cursor.execute("select current_database(), current_user")
        print(cursor.fetchone())
