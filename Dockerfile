# The command `migrate` of this checkout, alone: no shell, no packages, no C library.
#   docker build --tag migrate:<version> .
#   docker run --rm --volume "$PWD:/project" --env DATABASE_URL migrate:<version> plan
FROM rust:1.94-alpine AS build
# The compiler's own target is musl there, which is linked into the program.
ENV RUSTFLAGS="-C target-feature=+crt-static"
WORKDIR /source
COPY . .
RUN cargo build --locked --release --bin migrate \
    && install -D target/release/migrate /image/usr/local/bin/migrate \
    && mkdir -m 1777 /image/tmp

# Certificates and time zones are compiled in. /tmp is for what SQLite sorts; the names of hosts come with the container.
FROM scratch
COPY --from=build /image /
WORKDIR /project
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/migrate"]
