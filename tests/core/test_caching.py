from django.conf import settings

from apps.core.caching import RedisCache


def test_the_cache_works_and_keeps_its_client():
    cache = RedisCache(settings.REDIS_URL, {"KEY_PREFIX": "test-caching"})
    try:
        assert cache.add("n", 1, timeout=30) and not cache.add("n", 2, timeout=30)
        assert cache.incr("n", 4) == 5
        cache.set("words", ["a", None], timeout=30)
        assert cache.get("words") == ["a", None]
        assert cache._cache.get_client(write=True) is cache._cache.get_client()
    finally:
        cache.delete_many(["n", "words"])
