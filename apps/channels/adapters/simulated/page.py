"""The simulator's page: be a customer, see what comes back. For trying out; it listens on loopback only."""

import secrets
import time
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

from apps.channels.adapters.simulated.peer import Account, Fault

if TYPE_CHECKING:
    from apps.channels.adapters.simulated.server import SocialPlatforms

HTML = "text/html; charset=utf-8"
Page = tuple[int, str, bytes] | tuple[int, str, bytes, str]
_STYLE = """
body{font:15px/1.6 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;margin:0;background:#f1f3f5;color:#1d2733}
main{max-width:44rem;margin:0 auto;padding:1rem}h1{font-size:1.1rem;margin:.3rem 0}
form,.card{background:#fff;border-radius:8px;padding:.8rem;margin:.6rem 0}
input[type=text],select,textarea{font:inherit;width:100%;box-sizing:border-box;padding:.45rem;
border:1px solid #c3ccd5;border-radius:6px}
textarea{height:4.5rem}button{font:inherit;padding:.4rem .9rem;border:0;border-radius:6px;background:#07c160;color:#fff}
button.quiet{background:#5c6b7a}iframe{width:100%;height:22rem;border:0;border-radius:8px;background:#e8ebee}
.pair{display:flex;gap:.6rem}.pair>*{flex:1}.row{display:flex;gap:.5rem;flex-wrap:wrap;align-items:center;margin-top:.5rem}
.talk{padding:.6rem;display:flex;flex-direction:column;gap:.5rem}.b{max-width:78%;padding:.45rem .7rem;border-radius:8px;
white-space:pre-wrap;overflow-wrap:anywhere}.me{align-self:flex-end;background:#95ec69}.us{align-self:flex-start;background:#fff}
small{color:#5c6b7a}
"""


def answer(platforms: "SocialPlatforms", method: str, path: str, query: dict[str, str], body: bytes) -> Page:
    """(status, content type, body[, address to go on to])."""
    if method == "GET" and path == "/talk":
        return 200, HTML, _talk(platforms, query).encode()
    if method == "GET" and path == "/":
        return 200, HTML, _home(platforms, query).encode()
    if method == "POST" and path in ("/say", "/fault"):
        form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        said = _say(platforms, form) if path == "/say" else _fault(platforms, form)
        back = {name: form.get(name, "") for name in ("account", "person")} | {"said": said}
        return 303, HTML, b"", f"/?{urlencode(back)}"
    return 404, "text/plain", b"no such address"


def _accounts(platforms: "SocialPlatforms") -> list[Account]:
    return [account for peer in platforms.peers.values() for account in peer.accounts()]


def _chosen(platforms: "SocialPlatforms", name: str) -> Account | None:
    accounts = _accounts(platforms)
    return next((a for a in accounts if a.url == name), accounts[0] if accounts else None)


def _say(platforms: "SocialPlatforms", form: dict[str, str]) -> str:
    account = _chosen(platforms, form.get("account", ""))
    person = form.get("person", "").strip()
    if account is None or not person:
        return "没有可用的渠道，或没有填写客户"
    what: dict[str, Any] = {}
    text, kind = form.get("text", "").strip(), form.get("kind", "text")
    if kind == "picture":
        what["picture"] = None
    elif kind == "voice":
        what["voice"] = text or "机器坏了，请尽快联系我"
    elif kind == "event":
        what["event"] = "subscribe"
    else:
        what["text"] = text or "你好"
    try:
        statuses = platforms.peers[account.kind].push(account, person, **what)
    except (ValueError, KeyError) as error:
        return f"未发送：{type(error).__name__}（微博、Facebook 的客户号是数字）"
    return f"网站的回答：HTTP {', '.join(map(str, statuses))}"


def _fault(platforms: "SocialPlatforms", form: dict[str, str]) -> str:
    try:
        platforms.fail_next(Fault(form.get("fault", "")), int(form.get("code") or 0))
    except ValueError:
        return "没有这种故障"
    return f"下一次将出现故障：{form['fault']} {form.get('code', '')}"


def _person(kind: str) -> str:
    if kind == "wechat":
        return "o6_bm" + secrets.token_hex(12)[:23]
    return str(10**15 + secrets.randbelow(10**15))


def _home(platforms: "SocialPlatforms", query: dict[str, str]) -> str:
    account = _chosen(platforms, query.get("account", ""))
    if account is None:
        return _frame("<div class=card>还没有接到模拟平台的渠道。请在后台“渠道”中把接口地址填为 simulator。</div>")
    person = query.get("person") or _person(account.kind)
    options = "".join(
        f"<option value='{escape(a.url)}'{' selected' if a == account else ''}>{escape(a.name or a.kind)}</option>"
        for a in _accounts(platforms)
    )
    kinds = (("text", "文字"), ("picture", "图片"), ("voice", "语音"), ("event", "关注"))
    radios = "".join(
        f"<label><input type=radio name=kind value={value}{' checked' if value == 'text' else ''}> {label}</label>"
        for value, label in kinds
    )
    hidden = "".join(
        f"<input type=hidden name={name} value='{escape(value)}'>"
        for name, value in (("account", account.url), ("person", person))
    )
    faults = "".join(f"<option>{fault.value}</option>" for fault in Fault)
    talk = urlencode({"account": account.url, "person": person})
    return _frame(
        f"<form method=get action=/><label>渠道<select name=account onchange=this.form.submit()>{options}</select></label>"
        f"<noscript><button class=quiet>切换</button></noscript></form>"
        f"<iframe src='/talk?{escape(talk)}' title='对话'></iframe>"
        f"<form method=post action=/say><input type=hidden name=account value='{escape(account.url)}'>"
        f"<label>客户号<input type=text name=person value='{escape(person)}' maxlength=64></label>"
        f"<label>说什么<textarea name=text placeholder='吸尘器用了两天就无法开机了，要求换货。'></textarea></label>"
        f"<div class=row>{radios}<button>以客户身份发送</button><small>{escape(query.get('said', ''))}</small></div></form>"
        f"<form method=post action=/fault>{hidden}<div class=row><label>故障 <select name=fault>{faults}</select></label>"
        f"<label>错误码 <input type=text name=code size=8 placeholder=45015></label><button class=quiet>下一次出错</button>"
        "</div><small>drop、delay、errcode 影响网站调用平台；duplicate、bad-signature、old 影响下一次发送。</small></form>"
    )


def _talk(platforms: "SocialPlatforms", query: dict[str, str]) -> str:
    account = _chosen(platforms, query.get("account", ""))
    said = platforms.talk(account.kind, query.get("person", "")) if account else []
    rows = "".join(
        f"<div class='b {'us' if ours else 'me'}'>{escape(text)}<br>"
        f"<small>{time.strftime('%H:%M:%S', time.localtime(at))}</small></div>"
        for at, ours, text in said
    )
    body = rows or "<small>还没有对话。网站的回复会出现在左边。</small>"
    return f"<!doctype html><meta charset=utf-8><meta http-equiv=refresh content=2><style>{_STYLE}</style><div class=talk>{body}</div>"


def _frame(body: str) -> str:
    return (
        "<!doctype html><html lang=zh-CN><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>社交平台模拟器</title><style>{_STYLE}</style><main><h1>社交平台模拟器：微信、微博、Facebook</h1>{body}</main></html>"
    )
