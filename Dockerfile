# docker build --build-arg VERSION=$(git describe --tags --always) -t conserje .
# The image holds one static binary, certificates and time zones, and runs as nobody in particular. It has no Postgres
# of its own: set DATABASE_URL (compose.yaml does).

FROM node:22-bookworm-slim AS web
WORKDIR /src/portal/web
COPY portal/web/package.json portal/web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY portal/web ./
RUN npm run build

FROM golang:1.26-bookworm AS server
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=web /src/portal/web/dist portal/web/dist
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags="-s -w -X main.version=$VERSION" -o /out/conserje ./cmd/conserje \
 && mkdir -p /out/data /out/tmp && chmod 1777 /out/tmp

FROM scratch
COPY --from=server /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=server /usr/share/zoneinfo /usr/share/zoneinfo
COPY --from=server --chown=65532:65532 /out/data /data
COPY --from=server /out/tmp /tmp
COPY --from=server /out/conserje /conserje
USER 65532:65532
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["/conserje"]
CMD ["serve", "--addr", ":8080", "--data", "/data"]
