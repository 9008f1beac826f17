from django.urls import path

from apps.billing import hooks

app_name = "billing"
urlpatterns = [
    path("wechat/", hooks.wechat, name="wechat_callback"),
    path("alipay/", hooks.alipay, name="alipay_callback"),
]
