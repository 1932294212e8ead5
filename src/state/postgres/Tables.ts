/** The tables, all in the schema `fabrik`. */

/** Of the tables' form: another one needs another fabrik. */
export const version = 1

/**
 * Makes what is not there yet; one statement list is one transaction, and the advisory lock lets one process at a time
 * through. A schema that somebody has made for fabrik is taken as it is: to make one needs a right on the database.
 * @param salt hex, for a new state. @param proof hex, of its key.
 */
export const create = (salt: string, proof: string): string => `
SELECT pg_advisory_xact_lock(hashtextextended('fabrik schema', 0));
DO $$ BEGIN IF to_regnamespace('fabrik') IS NULL THEN CREATE SCHEMA fabrik; END IF; END $$;
CREATE SEQUENCE IF NOT EXISTS fabrik.epoch;
CREATE TABLE IF NOT EXISTS fabrik.state (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  version integer NOT NULL,
  salt bytea NOT NULL,
  proof bytea NOT NULL
);
CREATE TABLE IF NOT EXISTS fabrik.lock (
  name text PRIMARY KEY,
  epoch bigint NOT NULL,
  held boolean NOT NULL,
  holder text NOT NULL,
  backend integer NOT NULL,
  since timestamptz NOT NULL,
  seen timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS fabrik.journal (
  world text NOT NULL,
  name text NOT NULL,
  epoch bigint NOT NULL,
  PRIMARY KEY (world, name)
);
CREATE TABLE IF NOT EXISTS fabrik.entry (
  world text NOT NULL,
  name text NOT NULL,
  seq integer NOT NULL,
  epoch bigint NOT NULL,
  entry text NOT NULL,
  PRIMARY KEY (world, name, seq),
  FOREIGN KEY (world, name) REFERENCES fabrik.journal ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS fabrik.release (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  owner text NOT NULL,
  world text NOT NULL,
  project text NOT NULL,
  environment text NOT NULL,
  name text NOT NULL,
  release text NOT NULL
);
CREATE INDEX IF NOT EXISTS release_subject ON fabrik.release (owner, project, environment, name);
CREATE TABLE IF NOT EXISTS fabrik.sealed (
  place text NOT NULL,
  id text NOT NULL,
  sealed bytea NOT NULL,
  PRIMARY KEY (place, id)
);
INSERT INTO fabrik.state (version, salt, proof)
  VALUES (${version}, decode('${salt}', 'hex'), decode('${proof}', 'hex')) ON CONFLICT DO NOTHING;
`
