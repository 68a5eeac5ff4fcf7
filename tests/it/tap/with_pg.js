// What people do with node's pg, printed, so that two runs can be compared.
//
//   node with_pg.js URL DIRECT     DIRECT is the server itself, which is asked whether somebody waits.
"use strict";

const { Client, Pool, Query } = require("pg");
const Cursor = require("pg-cursor");

const [url, direct] = process.argv.slice(2);

const print = (...what) => console.log(what.map((one) => JSON.stringify(one)).join(" "));
const shown = (error) => `${error.name} ${error.code} ${error.severity} ${error.message}`;

/** The rows of a query, or its error. */
async function tried(query) {
  try {
    const result = await query;
    print(Array.isArray(result) ? result.map((one) => one.rows) : result.rows);
  } catch (error) {
    print(shown(error));
  }
}

async function connected(more, use) {
  const client = new Client({ connectionString: url, ...more });
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
}

async function simple(client) {
  client.on("notice", (notice) => print(notice.severity, notice.message));
  await client.query("CREATE TABLE fruit (id int PRIMARY KEY, name text, price numeric, photo bytea, kinds text[], more jsonb)");
  await tried(client.query("SELECT 1 AS one; SELECT 2 AS two"));
  await tried(client.query("SELECT 1 AS one; SELECT 1 / 0; SELECT 3 AS three"));
  await tried(client.query("SELEKT"));
  await tried(client.query(""));
  await tried(client.query("DO $$ BEGIN RAISE NOTICE 'a notice'; END $$"));
  const long = await client.query("SELECT repeat('x', 1000000) AS long");
  print(long.rows[0].long.length);
}

async function parametrised(client) {
  const insert = "INSERT INTO fruit VALUES ($1, $2, $3, $4, $5, $6)";
  for (let id = 0; id < 8; id++) {
    const photo = id % 2 ? null : Buffer.from([id, 0, 255]);
    await client.query(insert, [id, `f${id}`, id / 4, photo, ["a", `b${id}`], { ripe: id > 3 }]);
  }
  await tried(client.query(insert, [7, "twice", 1, null, [], {}]));
  await tried(client.query("SELECT name FROM fruit WHERE id = $1", ["no number"]));
  await tried(client.query("SELECT * FROM fruit WHERE id = ANY($1) ORDER BY id", [[1, 2, 99]]));
  const ids = { text: "SELECT id, photo FROM fruit ORDER BY id", rowMode: "array" };
  await tried(client.query(ids));
  await tried(client.query({ ...ids, binary: true }));
  // Fetched three rows at a time.
  await tried(client.query({ text: "SELECT id FROM fruit ORDER BY id DESC", rows: 3 }));
}

async function named(client) {
  const byId = { name: "by-id", text: "SELECT name, price FROM fruit WHERE id = $1" };
  for (let id = 0; id < 3; id++) await tried(client.query({ ...byId, values: [id] }));
  const fails = { name: "fails", text: "SELECT 12 / $1::int AS part" };
  for (const value of [4, 0, 3]) await tried(client.query({ ...fails, values: [value] }));
  await tried(client.query({ name: "wrong", text: "SELECT colour FROM fruit WHERE id = $1", values: [1] }));
}

/** Sent without waiting for one another, with one in the middle that fails. */
async function together(client) {
  const all = [1, 2, 0, 3].map((by) => client.query("SELECT 6 / $1::int AS share", [by]));
  for (const one of await Promise.allSettled(all)) {
    print(one.status, one.value ? one.value.rows : shown(one.reason));
  }
}

async function transactions(client) {
  const count = () => tried(client.query("SELECT count(*)::int FROM fruit"));
  await client.query("BEGIN");
  await client.query("INSERT INTO fruit (id) VALUES ($1)", [100]);
  await client.query("SAVEPOINT here");
  await tried(client.query("INSERT INTO fruit (id) VALUES ($1)", [100]));
  await count();
  await client.query("ROLLBACK TO SAVEPOINT here");
  await count();
  await client.query("COMMIT");
  await client.query("BEGIN");
  await client.query("DELETE FROM fruit");
  await client.query("ROLLBACK");
  await count();
}

async function pool() {
  const pool = new Pool({ connectionString: url, max: 4 });
  const doubles = Array.from({ length: 40 }, (_, at) => pool.query("SELECT $1::int * 2 AS double", [at]));
  print((await Promise.all(doubles)).map((result) => result.rows[0].double));
  const move = async (at) => {
    const client = await pool.connect();
    try {
      await client.query("BEGIN");
      await client.query("UPDATE fruit SET price = price + 1 WHERE id = $1", [at]);
      await client.query("COMMIT");
    } finally {
      client.release();
    }
  };
  await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(move));
  await tried(pool.query("SELECT sum(price) FROM fruit"));
  await pool.end();
}

async function cursor(client) {
  const cursor = client.query(new Cursor("SELECT id FROM fruit WHERE id < $1 ORDER BY id", [8]));
  for (let rows = await cursor.read(3); rows.length > 0; rows = await cursor.read(3)) print(rows);
  await cursor.close();
  const left = client.query(new Cursor("SELECT id FROM fruit ORDER BY id"));
  print(await left.read(2));
  await left.close();
}

async function notified(client) {
  const note = new Promise((resolve) => client.once("notification", resolve));
  await client.query("LISTEN ripe");
  await client.query("SELECT pg_notify('ripe', $1)", ["now"]);
  const { channel, payload } = await note;
  print(channel, payload);
}

/** One client cancels what another one waits for. */
async function cancelled(client) {
  const sleep = new Query("SELECT pg_sleep(60)");
  const failed = new Promise((resolve) => sleep.on("error", resolve));
  client.query(sleep);
  const asking = new Client({ connectionString: direct });
  await asking.connect();
  const waits = "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND wait_event = 'PgSleep'";
  while ((await asking.query(waits)).rowCount === 0);
  await asking.end();
  new Client({ connectionString: url }).cancel(client, sleep);
  print(shown(await failed));
  await tried(client.query("SELECT 'goes on' AS more"));
}

/** Who is not let in is told why. */
async function refused() {
  for (const wrong of [{ database: "nowhere" }, { password: "wrong" }, { user: "nobody" }]) {
    const { hostname: host, port } = new URL(url);
    const client = new Client({ host, port, user: "loadgate", database: "postgres", ...wrong });
    await client.connect().then(() => client.end(), (error) => print(shown(error)));
  }
}

async function all() {
  await connected({}, async (client) => {
    for (const part of [simple, parametrised, named, together, transactions, cursor, notified]) {
      await part(client);
    }
  });
  await connected({ pipeline: true }, together);
  await pool();
  await connected({}, cancelled);
  await connected({ statement_timeout: 50 }, async (client) => {
    await tried(client.query("SELECT pg_sleep(50)"));
    await tried(client.query("SELECT 'goes on' AS more"));
  });
  // The client gives up: the server does not know, and the connection goes.
  await connected({ query_timeout: 50 }, (client) => tried(client.query("SELECT pg_sleep(40)")));
  await refused();
  await connected({}, (client) => client.query("DROP TABLE fruit"));
}

all().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
