"""What we call outside: mail, text messages, social platforms, payment providers, tax platform, bank."""

from .ground import COMPANY_NAME, env

EMAIL_BACKEND = env("EMAIL_BACKEND", default="django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST = env("EMAIL_HOST", default="")  # empty: messages stay in the local outbox page of the admin
EMAIL_PORT = env.int("EMAIL_PORT", default=25)
EMAIL_HOST_USER = env("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="service@example.com")
# What is read of one incoming mail; what lies beyond is told in the ticket's text, and the mail itself is kept for a while.
MAIL_MAX_BYTES = env.int("MAIL_MAX_BYTES", default=60 * 1024 * 1024)
MAIL_MAX_PARTS = env.int("MAIL_MAX_PARTS", default=500)
MAIL_MAX_FILES = env.int("MAIL_MAX_FILES", default=20)
MAIL_RAW_DAYS = env.int("MAIL_RAW_DAYS", default=90)
MAIL_MAX_PER_SENDER_PER_HOUR = env.int("MAIL_MAX_PER_SENDER_PER_HOUR", default=20)  # more are a loop
SMS_GATEWAY_URL = env("SMS_GATEWAY_URL", default="")  # empty: kept in the local outbox page
SMS_GATEWAY_KEY = env("SMS_GATEWAY_KEY", default="")
# Where `manage.py simulate_social` plays WeChat, Weibo and Facebook, for doors whose API address is "simulator".
SOCIAL_SIMULATOR_URL = env("SOCIAL_SIMULATOR_URL", default="")

# Payment providers for refunds. A key is given as PEM, or as the path of its file.
# Where `manage.py simulate_providers` plays all of them, for trying it out; then the settings below are not read.
PAYMENT_SIMULATOR_URL = env("PAYMENT_SIMULATOR_URL", default="").rstrip("/")
ALIPAY = {
    "url": env("ALIPAY_URL", default="https://openapi.alipay.com/gateway.do"),
    "app_id": env("ALIPAY_APP_ID", default=""),
    "private_key": env("ALIPAY_PRIVATE_KEY", default=""),  # our application's
    "public_key": env("ALIPAY_PUBLIC_KEY", default=""),  # Alipay's
}
WECHAT_PAY = {
    "url": env("WECHAT_PAY_URL", default="https://api.mch.weixin.qq.com").rstrip("/"),
    "mchid": env("WECHAT_PAY_MCHID", default=""),
    "serial_no": env("WECHAT_PAY_SERIAL_NO", default=""),  # of the merchant's certificate
    "private_key": env("WECHAT_PAY_PRIVATE_KEY", default=""),
    "apiv3_key": env("WECHAT_PAY_APIV3_KEY", default=""),
    "platform_key_id": env("WECHAT_PAY_PLATFORM_KEY_ID", default=""),
    "platform_key": env("WECHAT_PAY_PLATFORM_KEY", default=""),  # WeChat Pay's public key or certificate
}
BENEFITS_URL = env("BENEFITS_URL", default="").rstrip("/")  # coupons, points and memberships
BENEFITS_KEY = env("BENEFITS_KEY", default="")
# The tax platform, where invoices are voided and red-lettered. `TAX_ADAPTER`: "manual" (a person acts on the tax bureau's
# site and records it here) or "open_platform" (a signed JSON API); empty: open_platform where it has an address.
# Where `manage.py simulate_tax` plays it, for trying it out; then the address, id and secret below are not read.
TAX_SIMULATOR_URL = env("TAX_SIMULATOR_URL", default="").rstrip("/")
TAX_PLATFORM = {
    "adapter": env("TAX_ADAPTER", default=""),
    "url": env("TAX_PLATFORM_URL", default="").rstrip("/"),
    "app_id": env("TAX_PLATFORM_APP_ID", default=""),
    "secret": env("TAX_PLATFORM_SECRET", default=""),
}
# Whose account pays the bank's batch file (pain.001): name, account number, the bank's BIC or CNAPS number.
BANK_DEBTOR = {
    "name": env("BANK_DEBTOR_NAME", default=COMPANY_NAME),
    "account": env("BANK_DEBTOR_ACCOUNT", default=""),
    "bank": env("BANK_DEBTOR_BANK", default=""),
}
