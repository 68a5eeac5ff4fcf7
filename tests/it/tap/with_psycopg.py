"""What people do with psycopg, printed, so that two runs can be compared."""

import logging
import sys

import psycopg
from psycopg.rows import dict_row

# It warns of a pipeline that it leaves with an error, or does not, as the answers come.
logging.getLogger("psycopg").setLevel(logging.CRITICAL)


def shown(error):
    return f"{type(error).__name__} {error.sqlstate} {error.diag.message_primary}"


with psycopg.connect(sys.argv[1], autocommit=True, row_factory=dict_row) as db:
    db.execute("CREATE TABLE fruit (id int PRIMARY KEY, name text, price numeric, photo bytea)")
    # Prepared after the fifth time, and from the first.
    for at in range(8):
        db.execute("INSERT INTO fruit VALUES (%s, %s, %s, %s)", (at, f"f{at}", at / 4, bytes([at])))
    for at in range(3):
        print(db.execute("SELECT * FROM fruit WHERE id = %s", (at,), prepare=True).fetchall())
    with db.cursor(binary=True) as cursor:
        print(cursor.execute("SELECT id, price, photo FROM fruit ORDER BY id").fetchall())
    with db.cursor() as cursor:
        cursor.executemany("UPDATE fruit SET price = price + %s WHERE id = %s", [(1, 1), (2, 2)])
        print(cursor.rowcount)
    with db.pipeline() as pipeline:
        cursors = [db.execute("SELECT %s::int + id AS sum FROM fruit", (at,)) for at in range(4)]
        pipeline.sync()
        print([sum(row["sum"] for row in cursor.fetchall()) for cursor in cursors])
    try:
        with db.pipeline() as pipeline:
            first = db.execute("SELECT 1 AS one")
            wrong = db.execute("SELECT 1 / 0")
            after = db.execute("SELECT 3 AS three")
            pipeline.sync()
    except psycopg.Error as error:
        print(shown(error))
    # Whether the error came by then depends on how quick the server is: what was before it and
    # what the connection is afterwards does not.
    print(first.fetchall(), db.execute("SELECT 'goes on' AS more").fetchall())
    with db.transaction(), db.cursor(name="by_parts") as cursor:
        cursor.itersize = 3
        cursor.execute("SELECT id FROM fruit ORDER BY id")
        print([row["id"] for row in cursor])
    with db.cursor() as cursor:
        with cursor.copy("COPY fruit (id, name) FROM STDIN") as copy:
            for at in range(100, 200):
                copy.write_row((at, "x" * at))
        with cursor.copy("COPY (SELECT id, name FROM fruit ORDER BY id) TO STDOUT") as copy:
            print(sum(len(block) for block in copy))
        try:
            with cursor.copy("COPY fruit (id, name) FROM STDIN") as copy:
                copy.write_row((300, "kept back"))
                raise RuntimeError("the client changed its mind")
        except RuntimeError as error:
            print(error)
    db.execute("LISTEN ripe")
    db.execute("NOTIFY ripe, 'now'")
    print([note.payload for note in db.notifies(timeout=5, stop_after=1)])
    try:
        with db.transaction():
            db.execute("INSERT INTO fruit VALUES (400)")
            db.execute("INSERT INTO fruit VALUES (400)")
    except psycopg.Error as error:
        print(shown(error))
    print(db.execute("SELECT count(*) FROM fruit").fetchall())
    db.execute("DROP TABLE fruit")
