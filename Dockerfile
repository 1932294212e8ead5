# fabrik in a container: docker build -t fabrik . && docker run --rm -v "$PWD:/work" -u "$(id -u)" fabrik plan app.yaml
ARG NODE=22

FROM node:${NODE}-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# Nothing that is installed needs its install script.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY scripts ./scripts
# The build looks at what a dry run of one of them calls.
COPY fixtures ./fixtures
COPY src ./src
# What `fabrik --version` tells; the history of the sources is not in here.
ARG FABRIK_COMMIT
RUN FABRIK_COMMIT="${FABRIK_COMMIT}" node scripts/build.mjs

FROM node:${NODE}-slim
LABEL org.opencontainers.image.title="fabrik" \
  org.opencontainers.image.description="From a YAML spec to a verified public URL on a Coolify server, as one transaction" \
  org.opencontainers.image.licenses="MIT"
COPY --from=build /src/dist /opt/fabrik
RUN ln -s /opt/fabrik/fabrik.js /usr/local/bin/fabrik && mkdir /work && chown node:node /work
# .fabrik is kept in the folder that is mounted here.
WORKDIR /work
USER node
ENTRYPOINT ["fabrik"]
CMD ["--help"]
