"""The three social platforms, registered by being imported."""

from apps.channels.adapters.base import register
from apps.channels.adapters.facebook import Facebook
from apps.channels.adapters.wechat import WeChat
from apps.channels.adapters.weibo import Weibo

for platform in (WeChat(), Weibo(), Facebook()):
    register(platform)
