# The production image: our packages and what they need, traces included, no embedded servers, no tools of development.
FROM node:22-slim AS pages
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY web ./
# The shop is made of the schema and the recipes.
COPY docs/schema.graphql ../docs/
COPY docs/recipes/*.js ../docs/recipes/
RUN npm run build

FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/orderstream
# The dependencies first: they change less often than the code.
COPY pyproject.toml constraints.txt hatch_build.py ./
RUN python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; print('\n'.join(p['dependencies'] + p['optional-dependencies']['tracing']))" > requirements.txt \
 && /opt/orderstream/bin/pip install --no-cache-dir --constraint constraints.txt --requirement requirements.txt
COPY README.md ./
COPY api api
COPY write_model write_model
COPY read_model read_model
COPY projector projector
COPY stack stack
COPY telemetry telemetry
COPY --from=pages /src/api/pages/built api/pages/built
RUN /opt/orderstream/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim
RUN useradd --system --no-create-home --uid 10001 orderstream
COPY --from=build /opt/orderstream /opt/orderstream
ENV PATH=/opt/orderstream/bin:$PATH PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=8000
WORKDIR /tmp
USER orderstream
EXPOSE 8000
STOPSIGNAL SIGTERM
ENTRYPOINT ["orderstream"]
CMD ["api"]
