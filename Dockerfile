FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Not `npm ci`: it wants the optional binaries of all platforms from the registry.
RUN npm install --no-save --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev --no-save --no-audit --no-fund

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 FLYWHEEL_URL=http://127.0.0.1:3000
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/examples ./examples
COPY --from=build /app/scripts/start ./scripts/start
# `docker compose exec api flywheel --help`
RUN ln -s /app/dist/cli/main.js /usr/local/bin/flywheel
# A named volume takes over the owner of the folder that it is mounted at.
RUN mkdir /credentials && chown node:node /credentials && chmod 700 /credentials
USER node
EXPOSE 3000
# The worker: node --import ./dist/worker/watchdog.js dist/worker/main.js
CMD ["node", "dist/api/main.js"]
