/** The templates of one-click services that are here: those whose text is recorded. */
export const templates: Readonly<Record<string, string>> = {
  "it-tools": `services:
  it-tools:
    image: 'corentinth/it-tools:latest'
    environment:
      - SERVICE_URL_ITTOOLS_80
    volumes:
      - 'it-tools-data:/app/data'
    healthcheck:
      test: [CMD, curl, '-f', 'http://127.0.0.1:80']
      interval: 30s
      timeout: 10s
      retries: 3
`,
  "uptime-kuma-with-mysql": `services:
  uptime-kuma:
    image: 'louislam/uptime-kuma:2'
    environment:
      - SERVICE_URL_UPTIMEKUMA_3001
      - 'TZ=\${TZ:-Etc/UTC}'
    volumes:
      - 'uptime-kuma-data:/app/data'
    healthcheck:
      test: [CMD-SHELL, extra/healthcheck]
      interval: 5s
      timeout: 5s
      retries: 10
    depends_on:
      mysql:
        condition: service_healthy
  mysql:
    image: 'mysql:8'
    environment:
      - 'MYSQL_USER=\${SERVICE_USER_MYSQL}'
      - 'MYSQL_PASSWORD=\${SERVICE_PASSWORD_MYSQL}'
      - 'MYSQL_ROOT_PASSWORD=\${SERVICE_PASSWORD_ROOT}'
      - 'MYSQL_DATABASE=\${MYSQL_DATABASE:-uptime-kuma-db}'
    healthcheck:
      test: [CMD, mysqladmin, ping, '-h', 127.0.0.1]
      interval: 5s
      timeout: 20s
      retries: 10
    volumes:
      - 'mysql-data:/var/lib/mysql'
`
}
