import csv, pytest
@pytest.mark.django_db
def test_x(settings):
    from apps.triage.services.classify import classify
    from apps.triage.services.measure import measure, read_csv
    import json, time
    r=measure(read_csv('/work/shared/data/labelled.csv')); print(json.dumps(r,ensure_ascii=False,indent=1))
    for f in ('dev','hold'): 
        r=measure(read_csv(f'/tmp/lib/{f}.csv')); print(f,r['accuracy'],r['macro_f1'])
    rows=read_csv('/work/shared/data/reviews.csv')
    for _ in range(2):
        r=measure(rows); print(r)
    print(classify('物流太慢了，東西還是壞的，客服態度差，要求退款'))
