import time, cProfile, pstats
from apps.notifications.services import outbox, dispatch
def test_b(send, settings):
    settings.EMAIL_HOST = settings.SMS_GATEWAY_URL = ""
    t=time.perf_counter(); c=time.process_time()
    for i in range(500): send(to=outbox.Recipient(email=f"a{i}@example.com", name="张三"))
    print("send", (time.perf_counter()-t)*2, "cpu", (time.process_time()-c)*2)
    p=cProfile.Profile(); p.enable()
    for i in range(500): send(to=outbox.Recipient(email=f"b{i}@example.com", name="张三"))
    p.disable(); pstats.Stats(p).sort_stats("cumtime").print_stats(45)
    t=time.perf_counter(); c=time.process_time()
    dispatch.dispatch(); print("dispatch", (time.perf_counter()-t), "cpu", (time.process_time()-c))
