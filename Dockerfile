# One image for all processes; what a container is follows from its command: wick-fetcher, wick-analyzer, ...
# SPDX-License-Identifier: MIT
FROM debian:12-slim AS build
WORKDIR /source
COPY . .
# What --version says: docker build --build-arg BUILD_COMMIT=$(git rev-parse --short=12 HEAD) .
ARG BUILD_COMMIT
RUN BUILD_COMMIT=$BUILD_COMMIT ./wick build

FROM debian:12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libcurl4 libfyaml0 libmicrohttpd12 libmsgpackc2 libpq5 \
      libsimdjson14 libsodium23 libsqlite3-0 libwslay1 libzip4 libzmq5 \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o 65532 -g 65532 -m 0700 /data
COPY --from=build /source/wick /source/build/release/bin/ /usr/local/bin/
# Nothing but /data is written: notes of fetcher and trader, and the database if it is SQLite.
USER 65532:65532
ENV WICK_PROCESS__DATA_DIR=/data \
    WICK_PROCESS__HEALTH_ADDRESS=0.0.0.0 \
    WICK_LINKS__BIND_ADDRESS=0.0.0.0 \
    WICK_DASHBOARD__ADDRESS=0.0.0.0 \
    HEALTH_PORT=8081
CMD ["wick", "--help"]
