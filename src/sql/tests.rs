//! Statements as applications, drivers and tools send them, and the laws of the normal form.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(text: &str, form: &str, name: &str) {
    let normal = Normal::of(text);
    assert_eq!((normal.text.as_str(), normal.name.as_str()), (form, name), "{text}");
    assert_eq!(Normal::of(&normal.text).text, form, "the form is its own form");
}

/// All of these are one form with one name.
#[track_caller]
fn same(texts: &[&str], form: &str) {
    for text in texts {
        assert_eq!(Normal::of(text).text, form, "{text}");
    }
}

#[test]
fn what_prisma_sends_is_named_by_table_and_columns() {
    check(
        r#"SELECT "public"."Farm"."id", "public"."Farm"."name" FROM "public"."Farm" WHERE ("public"."Farm"."id" = $1 AND 1=1) LIMIT $2 OFFSET $3"#,
        r#"SELECT "Farm".id, "Farm".name FROM "Farm" WHERE ("Farm".id = $? AND $? = $?) LIMIT $? OFFSET $?"#,
        "SELECT Farm by id",
    );
    check(
        r#"SELECT "t0"."id", "t0"."farmId" FROM "public"."Product" AS "t0" WHERE "t0"."farmId" IN ($1,$2,$3) ORDER BY "t0"."createdAt" DESC NULLS LAST OFFSET $4"#,
        r#"SELECT t0.id, t0."farmId" FROM "Product" AS t0 WHERE t0."farmId" = $? ORDER BY t0."createdAt" DESC NULLS last OFFSET $?"#,
        "SELECT Product by farmId order by createdAt",
    );
    check(
        r#"SELECT "public"."Product"."id" FROM "public"."Product" LEFT JOIN "public"."Farm" AS "j0" ON ("j0"."id") = ("public"."Product"."farmId") WHERE ("j0"."city" = $1 AND ("j0"."id" IS NOT NULL)) ORDER BY "public"."Product"."price" ASC"#,
        r#"SELECT "Product".id FROM "Product" LEFT JOIN "Farm" AS j0 ON (j0.id) = ("Product"."farmId") WHERE (j0.city = $? AND (j0.id IS NOT NULL)) ORDER BY "Product".price ASC"#,
        "SELECT Product join Farm by city, id order by price",
    );
    check(
        r#"SELECT COUNT(*) AS "_count$_all" FROM (SELECT "public"."Farm"."id" FROM "public"."Farm" WHERE "public"."Farm"."active" = $1 OFFSET $2) AS "sub""#,
        r#"SELECT count(*) AS _count$_all FROM (SELECT "Farm".id FROM "Farm" WHERE "Farm".active = $? OFFSET $?) AS sub"#,
        "SELECT count Farm by active",
    );
    check(
        r#"INSERT INTO "public"."Order" ("id","userId","status") VALUES ($1,$2,CAST($3::text AS "public"."OrderStatus")) RETURNING "public"."Order"."id""#,
        r#"INSERT INTO "Order" (id, "userId", status) VALUES ($?, $?, CAST($?::text AS "OrderStatus")) RETURNING "Order".id"#,
        "INSERT Order",
    );
    check(
        r#"UPDATE "public"."User" SET "name" = $1 WHERE ("public"."User"."email" = $2 AND 1=1) RETURNING "public"."User"."id""#,
        r#"UPDATE "User" SET name = $? WHERE ("User".email = $? AND $? = $?) RETURNING "User".id"#,
        "UPDATE User by email",
    );
    check(
        r#"DELETE FROM "public"."CartItem" WHERE "public"."CartItem"."id" IN ($1,$2)"#,
        r#"DELETE FROM "CartItem" WHERE "CartItem".id = $?"#,
        "DELETE CartItem by id",
    );
    check(
        r#"INSERT INTO "public"."User" ("email","name") VALUES ($1,$2) ON CONFLICT ("email") DO UPDATE SET "name" = $3 WHERE ("public"."User"."email" = $4 AND 1=1) RETURNING "public"."User"."id""#,
        r#"INSERT INTO "User" (email, name) VALUES ($?, $?) ON CONFLICT (email) DO UPDATE SET name = $? WHERE ("User".email = $? AND $? = $?) RETURNING "User".id"#,
        "INSERT User by email on conflict",
    );
}

#[test]
fn joins_and_queries_within_a_query_are_named() {
    check(
        r#"SELECT "t0"."id", "Farm_products"."__prisma_data__" AS "products" FROM "public"."Farm" AS "t0" LEFT JOIN LATERAL (SELECT COALESCE(JSONB_AGG("__prisma_data__"), '[]') AS "__prisma_data__" FROM (SELECT "t1"."farmId" FROM "public"."Product" AS "t1" WHERE "t0"."id" = "t1"."farmId") AS "t3") AS "Farm_products" ON TRUE WHERE "t0"."slug" = $1 LIMIT $2"#,
        r#"SELECT t0.id, "Farm_products".__prisma_data__ AS products FROM "Farm" AS t0 LEFT JOIN LATERAL (SELECT COALESCE(jsonb_agg(__prisma_data__), $?) AS __prisma_data__ FROM (SELECT t1."farmId" FROM "Product" AS t1 WHERE t0.id = t1."farmId") AS t3) AS "Farm_products" ON TRUE WHERE t0.slug = $? LIMIT $?"#,
        "SELECT Farm join Product by slug",
    );
    check(
        r#"SELECT 1 FROM "Farm" WHERE ("Farm"."id") IN (SELECT "t1"."farmId" FROM "Product" AS "t1" WHERE ("t1"."price" > 10 AND "t1"."farmId" IS NOT NULL))"#,
        r#"SELECT $? FROM "Farm" WHERE ("Farm".id) IN (SELECT t1."farmId" FROM "Product" AS t1 WHERE (t1.price > $? AND t1."farmId" IS NOT NULL))"#,
        "SELECT Farm join Product by id",
    );
    check(
        "WITH recent AS (SELECT id FROM orders WHERE at > now()) SELECT * FROM recent r, users u WHERE u.id = r.id",
        "WITH recent AS (SELECT id FROM orders WHERE at > now()) SELECT * FROM recent r, users u WHERE u.id = r.id",
        "SELECT users join orders by id",
    );
    check(
        "INSERT INTO archive SELECT * FROM orders WHERE done",
        "INSERT INTO archive SELECT * FROM orders WHERE done",
        "INSERT archive from orders by done",
    );
    check(
        "SELECT extract(year FROM at), count(*) FILTER (WHERE paid) FROM orders WHERE a IS DISTINCT FROM $1 GROUP BY 1",
        "SELECT extract(year FROM at), count(*) filter(WHERE paid) FROM orders WHERE a IS DISTINCT FROM $? GROUP BY $?",
        "SELECT orders by a",
    );
    check(
        "(SELECT a FROM t) UNION ALL (SELECT a FROM u) ORDER BY a",
        "(SELECT a FROM t) UNION ALL (SELECT a FROM u) ORDER BY a",
        "SELECT t join u order by a",
    );
    check(
        "MERGE INTO stock s USING sold ON s.id = sold.id WHEN MATCHED THEN DELETE",
        "MERGE INTO stock s USING sold ON s.id = sold.id WHEN matched THEN DELETE",
        "MERGE stock join sold",
    );
}

#[test]
fn what_tools_send_is_named() {
    let same_name = |text: &str, name: &str| {
        check(text, &Normal::of(text).text, name);
    };
    check("SELECT 1", "SELECT $?", "SELECT");
    check("select version();", "SELECT version()", "SELECT version");
    check(
        "SELECT abalance FROM pgbench_accounts WHERE aid = 77;",
        "SELECT abalance FROM pgbench_accounts WHERE aid = $?",
        "SELECT pgbench_accounts by aid",
    );
    check(
        "UPDATE pgbench_tellers SET tbalance = tbalance + -4711 WHERE tid = 3;",
        "UPDATE pgbench_tellers SET tbalance = tbalance + $? WHERE tid = $?",
        "UPDATE pgbench_tellers by tid",
    );
    check(
        "SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relname OPERATOR(pg_catalog.~) '^(farm)$' COLLATE pg_catalog.default",
        "SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relname operator(pg_catalog.~) $? COLLATE pg_catalog.default",
        "SELECT pg_class by relname",
    );
    same_name("copy farms (id, name) from stdin with (format csv)", "COPY farms from");
    same_name("COPY (SELECT id FROM farms WHERE x = 1) TO STDOUT", "COPY (SELECT farms by x) to");
    same_name("DO $$ BEGIN PERFORM 1; END $$", "DO");
    same_name("EXECUTE find_farm(1, 'x')", "EXECUTE find_farm");
    same_name("PREPARE find_farm (int) AS SELECT 1", "PREPARE find_farm");
    same_name("CREATE TABLE IF NOT EXISTS public.farms (id int DEFAULT 5)", "CREATE TABLE farms");
    same_name("CREATE UNIQUE INDEX CONCURRENTLY \"i\" ON t (a)", "CREATE UNIQUE INDEX i");
    same_name("ALTER TABLE ONLY s.t ADD COLUMN a text", "ALTER TABLE t");
    same_name(
        "CREATE OR REPLACE FUNCTION f() RETURNS int AS $f$ SELECT 'secret' $f$ LANGUAGE sql",
        "CREATE FUNCTION f",
    );
    same_name("DROP MATERIALIZED VIEW IF EXISTS v CASCADE", "DROP MATERIALIZED VIEW v");
    same_name("TRUNCATE TABLE farms", "TRUNCATE TABLE farms");
    same_name("VACUUM (ANALYZE) farms", "VACUUM");
    same_name(
        "EXPLAIN (ANALYZE, BUFFERS) SELECT * FROM farms WHERE id = 1",
        "EXPLAIN SELECT farms by id",
    );
    same_name("DECLARE c1 CURSOR FOR SELECT * FROM farms", "DECLARE SELECT farms");
    same_name("SHOW transaction_isolation", "SHOW transaction_isolation");
    same_name("LISTEN orders", "LISTEN orders");
    same_name("GRANT SELECT ON farms TO bob", "GRANT SELECT");
    same_name("VALUES (1, 2), (3, 4)", "VALUES");
    same_name("", "");
    same_name("farms", "farms");
}

#[test]
fn transactions_and_settings_do_not_depend_on_made_up_names() {
    check("begin", "BEGIN", "BEGIN");
    check("START TRANSACTION READ ONLY", "START transaction read ONLY", "BEGIN");
    check("COMMIT", "COMMIT", "COMMIT");
    check("END", "END", "COMMIT");
    check("COMMIT PREPARED 'x-17'", "COMMIT prepared $?", "COMMIT PREPARED");
    check("SAVEPOINT s_17", "SAVEPOINT $?", "SAVEPOINT");
    check("RELEASE SAVEPOINT s_17", "RELEASE savepoint $?", "RELEASE SAVEPOINT");
    check("ROLLBACK TO SAVEPOINT s_17", "ROLLBACK TO savepoint $?", "ROLLBACK TO SAVEPOINT");
    check("ROLLBACK", "ROLLBACK", "ROLLBACK");
    check("DEALLOCATE pdo_stmt_00000017", "DEALLOCATE $?", "DEALLOCATE");
    check("DEALLOCATE ALL", "DEALLOCATE ALL", "DEALLOCATE ALL");
    check("FETCH FORWARD 100 FROM c17", "FETCH forward $? FROM $?", "FETCH forward");
    check("CLOSE c17", "CLOSE $?", "CLOSE");
    same(
        &["SET search_path TO tenant_17, public", "set search_path = 'x'", "SET search_path=1,2"],
        "SET search_path = $?",
    );
    check("SET app.user_id = '17'", "SET app.user_id = $?", "SET app.user_id");
    check("SET LOCAL ROLE tenant_17", "SET local role $?", "SET ROLE");
    check(
        "SET SESSION AUTHORIZATION bob",
        "SET session AUTHORIZATION $?",
        "SET SESSION AUTHORIZATION",
    );
    check(
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SET transaction isolation level serializable",
        "SET TRANSACTION isolation",
    );
    // Cut at the value, which is not seen with the usual limit.
    for (text, limit) in [("SET abcde = 'x'", 14), ("SET abcde = 'x'; SELECT", 16)] {
        let cut = Normal::within(text, limit);
        assert_eq!(cut.text, "SET abcde...");
        assert_eq!(Normal::within(&cut.text, limit), cut);
    }
}

#[test]
fn lists_and_arrays_of_any_length_are_one_form_with_equality() {
    same(
        &[
            "SELECT a FROM t WHERE id = $1",
            "SELECT a FROM t WHERE id = 17",
            "SELECT a FROM t WHERE id IN ($1)",
            "SELECT a FROM t WHERE id IN ($1,$2,$3)",
            "SELECT a FROM t WHERE id in (1, -2, NULL, 'x')",
            "SELECT a FROM t WHERE id = ANY($1)",
            "SELECT a FROM t WHERE id = SOME ( $1 )",
            "SELECT a FROM t WHERE id = ANY(ARRAY[$1,$2])",
            "SELECT a FROM t WHERE id = any('{1,2}')",
        ],
        "SELECT a FROM t WHERE id = $?",
    );
    same(
        &[
            "SELECT a FROM t WHERE id = $1::uuid",
            "SELECT a FROM t WHERE id IN ($1::uuid, $2::uuid)",
            "SELECT a FROM t WHERE id = ANY($1::uuid[])",
            "SELECT a FROM t WHERE id = ANY(ARRAY[$1,$2]::uuid[])",
        ],
        "SELECT a FROM t WHERE id = $?::uuid",
    );
    same(
        &[
            "DELETE FROM t WHERE s IN (CAST($1::text AS \"public\".\"S\"),CAST($2::text AS \"S\"))",
            "DELETE FROM t WHERE s = CAST($1::text AS \"public\".\"S\")",
            "DELETE FROM t WHERE s = ANY(CAST($1::text AS \"S\"[]))",
        ],
        "DELETE FROM t WHERE s = CAST($?::text AS \"S\")",
    );
    same(
        &[
            "SELECT a FROM t WHERE id NOT IN ($1,$2)",
            "SELECT a FROM t WHERE id <> ALL ($1)",
            "SELECT a FROM t WHERE id != $1",
        ],
        "SELECT a FROM t WHERE id <> $?",
    );
    same(
        &["SELECT 1 WHERE (a, b) IN (($1,$2),($3,$4))", "SELECT 1 WHERE (a,b) = ($1,$2)"],
        "SELECT $? WHERE (a, b) = ($?, $?)",
    );
    same(
        &[
            "INSERT INTO t (a, b) VALUES ($1, DEFAULT)",
            "INSERT INTO t (a, b) VALUES ($1, DEFAULT), ($2, (3)), ('x;y', f(')'))",
        ],
        "INSERT INTO t (a, b) VALUES ($?, DEFAULT)",
    );
    same(&["SELECT ARRAY[1,2,3]", "SELECT array [1]"], "SELECT ARRAY[$?]");
    same(&["SELECT ARRAY[[1,2],[3,4]]", "SELECT ARRAY[[1]]"], "SELECT ARRAY[[$?]]");
}

#[test]
fn what_is_no_list_of_values_stays() {
    let stays = |text: &str| assert_eq!(Normal::of(text).text, text);
    stays("SELECT a FROM t WHERE id IN (SELECT $?)");
    stays("SELECT a FROM t WHERE id IN (VALUES ($?))");
    stays("SELECT a FROM t WHERE id = ANY(SELECT b FROM u)");
    stays("SELECT a FROM t WHERE $? = ANY(tags)");
    stays("SELECT a FROM t WHERE id LIKE ANY($?)");
    stays("SELECT a FROM t WHERE id > ALL ($?)");
    stays("SELECT a FROM t WHERE id IN (b, $?)");
    stays("SELECT a FROM t WHERE id IN (lower($?))");
    stays("SELECT f($?, $?), a IS NULL, b IS NOT TRUE FROM t JOIN u ON TRUE");
    stays("SELECT a - $?, - b, a[$?], a ->> $?, a @> $?, f(x := $?) FROM t");
    assert_eq!(Normal::of("SELECT a IN (lower('x'), lower('y'))").text, "SELECT a IN (lower($?))");
    assert_eq!(Normal::of("SELECT (VALUES (1), (2)), 3, 4").text, "SELECT (VALUES ($?)), $?, $?");
}

#[test]
fn names_are_folded_as_the_server_does() {
    same(
        &["SELECT Id FROM Farms", "select \"id\" from \"farms\"", "SELECT id FROM public.farms"],
        "SELECT id FROM farms",
    );
    same(&["SELECT \"Id\" FROM t"], "SELECT \"Id\" FROM t");
    same(
        &["SELECT \"select\", \"user\", t.\"user\" FROM t"],
        "SELECT \"select\", \"user\", t.user FROM t",
    );
    same(
        &["SELECT \"a b\", \"a\"\"b\", \"1a\", \"\" FROM t"],
        "SELECT \"a b\", \"a\"\"b\", \"1a\", \"\" FROM t",
    );
    same(&["SELECT public.public.x", "SELECT x"], "SELECT x");
    same(&["SELECT * FROM public.\"user\""], "SELECT * FROM \"user\"");
    same(&["SELECT db.public.t.x"], "SELECT db.public.t.x");
    same(&["SELECT U&\"d\\0061t\""], "SELECT U&\"d\\0061t\"");
    same(&["\"begin\"", "public.begin"], "\"begin\"");
}

#[test]
fn signs_belong_to_values_and_operators_to_expressions() {
    same(&["SELECT -1", "SELECT - 1", "SELECT +1", "SELECT - - 1", "SELECT -$1"], "SELECT $?");
    same(&["SELECT a-1", "SELECT a -1", "SELECT a - -1"], "SELECT a - $?");
    same(&["SELECT a=-1"], "SELECT a = $?");
    same(
        &["SELECT CASE WHEN a THEN -1 ELSE NULL END - 5"],
        "SELECT CASE WHEN a THEN $? ELSE $? END - $?",
    );
    same(&["SELECT 'a'\n'b', DATE '2026-01-01'"], "SELECT $?, date $?");
}

#[test]
fn several_statements_stay_apart_in_one_form() {
    check(";BEGIN;; SELECT 'a;b' ;", "BEGIN; SELECT $?", "BEGIN");
}

#[test]
fn tags_are_read_and_comments_are_no_part_of_the_form() {
    let normal = Normal::of(
        "/*route='%2Fapi'*/ SELECT 1 /* a hint */ -- and a line\n/*traceparent='00-a-b-01'*/",
    );
    let tags = [("route", "/api"), ("traceparent", "00-a-b-01")];
    assert_eq!(normal.tags, tags.map(|(key, value)| (key.to_owned(), value.to_owned())));
    assert_eq!(normal.text, "SELECT $?");
}

#[test]
fn a_form_and_a_name_have_limits() {
    let columns: Vec<_> = (0..10_000).map(|at| format!("column_{at}")).collect();
    let text = format!("SELECT {} FROM t WHERE x = 1", columns.join(" = 1 AND "));
    let normal = Normal::of(&text);
    assert!(normal.text.len() <= MAX_FORM + 3 && normal.text.ends_with("..."));
    assert_eq!(Normal::of(&normal.text).text, normal.text);
    let names = ["a", "ü", "c", "d", "e", "f"].map(|name| name.repeat(30));
    let text = format!("SELECT 1 FROM \"x\ny\" WHERE {}", names.join(" = 1 AND "));
    let name = Normal::of(&text).name;
    assert_eq!(name.chars().count(), MAX_NAME);
    assert!(name.starts_with("SELECT x y by ") && name.ends_with('…'));
    let text = "SELECT 1 FROM t WHERE a=1 AND b=1 AND c=1 AND d=1 AND e=1 AND a=2";
    assert_eq!(Normal::of(text).name, "SELECT t by a, b, c, d, …");
}

#[test]
fn the_fingerprint_is_known_and_stable() {
    let of = |text: &str| Normal::of(text).fingerprint();
    // The test vectors of FNV-1a: the offset for nothing, and for `a`.
    assert_eq!((of(""), of("a")), (0xcbf2_9ce4_8422_2325, 0xaf63_dc4c_8601_ec8c));
    assert_eq!(of("SELECT a FROM t WHERE id IN (1,2)"), of("select a from t where id=$1"));
    assert_eq!(Normal::of("a").distinct_name(), "a ~ec8c");
}

#[test]
fn a_long_list_costs_no_more_than_it_is_long() {
    let list = vec!["$1"; 200_000].join(",");
    let row = vec!["(1,'x')"; 200_000].join(",");
    same(&[&format!("SELECT a FROM t WHERE id IN ({list})")], "SELECT a FROM t WHERE id = $?");
    same(&[&format!("INSERT INTO t VALUES {row}")], "INSERT INTO t VALUES ($?, $?)");
    // These would take minutes if each level or each end were looked for again.
    for nasty in ["(", "IN (", "x IN (($1,", "/*", "$a$ $b$", "\"", "= ANY(ARRAY[", "- "] {
        let normal = Normal::of(&nasty.repeat(200_000));
        assert!(normal.text.len() <= MAX_FORM + 3);
    }
}

/// Words that hold a statement together, names, operators, and pieces that are easily misread.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "ANY", "SOME", "ALL", "ARRAY", "VALUES",
    "IS", "NULL", "TRUE", "CAST", "AS", "SET", "TO", "ROLE", "LOCAL", "BEGIN", "ROLLBACK",
    "SAVEPOINT", "DECLARE", "FETCH", "INTO", "WITH", "END", "public", "\"public\"", "farms",
    "\"Farm\"", "\"a\"\"b\"", "\"begin\"", "\"select\"", "U&\"x\"", "u", "e", "ä", "(", ")", "[",
    "]", ",", ";", ".", "::", ":", "*", "+", "-", "=", "<>", "!=", "@-", "?", "$", "/", "|", "\\",
    "$1", "'x'", "E'\\''", "$$x$$", "12", "1.5e3", "$?", "-- c\n", "/* c */", "int",
    "/* a='b' */", "/*", "*/", "'", "\"", "$a$", "\u{1}", "…",
];

fn soup() -> impl Strategy<Value = String> {
    let spaced =
        (prop::sample::select(PIECES), prop::sample::select(vec!["", " ", " ", "\n", "\t "]));
    prop::collection::vec(spaced.prop_map(|(piece, space)| [piece, space].concat()), 0..40)
        .prop_map(|pieces| pieces.concat())
}

/// A way to write a constant, around a marker of letters and digits.
const LITERALS: &[fn(&str) -> String] = &[
    |marker| format!("'{marker}'"),
    |marker| format!("'it''s {marker}; -- {marker} /*'"),
    |marker| format!("E'\\'{marker}\\\\'"),
    |marker| format!("e'\\'' '{marker}'"),
    |marker| format!("U&'\\0061{marker}'"),
    |marker| format!("B'{marker}'"),
    |marker| format!("X'{marker}'"),
    |marker| format!("N'{marker}'"),
    |marker| format!("$${marker}'$$"),
    |marker| format!("$q${marker} $$ '$q$"),
    |marker| format!("DATE '{marker}'"),
    |marker| format!("'{marker}'::text"),
    |marker| format!("CAST('{marker}' AS uuid)"),
    |marker| format!("12{marker}"),
    |marker| format!("-1.5{marker}"),
    |marker| format!("0x{marker}"),
    |marker| format!("$1 /* {marker} */"),
    |marker| format!("$1 -- {marker}\n"),
    |marker| format!("(ARRAY['{marker}', '{marker}'])[1]"),
];

/// Statements with a place for a constant.
const PLACES: &[&str] = &[
    "SELECT {}",
    "SELECT a FROM t WHERE b = {} AND c <> {}",
    "SELECT a FROM t WHERE b IN ({}, {}, {})",
    "SELECT a FROM t WHERE b NOT IN ({})",
    "SELECT a FROM t WHERE b = ANY(ARRAY[{}, {}])",
    "SELECT a FROM t WHERE b BETWEEN {} AND {} LIMIT {} OFFSET {}",
    "SELECT a FROM t WHERE f(b, {}) LIKE {} ESCAPE {}",
    "SELECT CASE WHEN a = {} THEN {} ELSE {} END FROM t ORDER BY {}",
    "INSERT INTO t (a, b) VALUES ({}, {}), ({}, {})",
    "UPDATE t SET a = {}, b = b + {} WHERE c -> {} = {}",
    "WITH x AS (SELECT {}) DELETE FROM t WHERE a = {} RETURNING {}",
    "SET app.user = {}",
    "SET TIME ZONE {}",
    "SET ROLE {}",
    "CREATE ROLE x PASSWORD {}",
    "ALTER TABLE t ADD COLUMN a text DEFAULT {} CHECK (a <> {})",
    "COPY t FROM {} WITH (DELIMITER {})",
    "NOTIFY c, {}",
    "EXECUTE p({}, {})",
    "CALL p({})",
    "COMMENT ON TABLE t IS {}",
    "PREPARE TRANSACTION {}",
    "DO {}",
    "CREATE FUNCTION f() RETURNS int AS {} LANGUAGE sql",
    "SELECT a FROM t WHERE b = {}) garbage ( {} ; {}",
    "{}",
];

proptest! {
    #[test]
    fn any_text_has_a_form_that_is_its_own_form(text in any::<String>(), soup in soup()) {
        for text in [text, soup] {
            let normal = Normal::of(&text);
            let again = Normal::of(&normal.text);
            prop_assert_eq!(&again.text, &normal.text, "of {:?}", text);
            prop_assert_eq!((&again.name, again.kind), (&normal.name, normal.kind));
            prop_assert!(normal.name.chars().count() <= MAX_NAME);
            prop_assert!(!normal.name.contains(char::is_control));
        }
    }

    #[test]
    fn a_form_that_is_cut_short_is_its_own_form(soup in soup(), limit in 0_usize..60) {
        let normal = Normal::within(&soup, limit);
        prop_assert!(normal.text.len() <= limit + 3);
        prop_assert_eq!(&Normal::within(&normal.text, limit).text, &normal.text, "of {:?}", soup);
    }

    #[test]
    fn no_constant_is_in_a_form_or_a_name(
        place in prop::sample::select(PLACES),
        literals in prop::collection::vec((prop::sample::select(LITERALS), "[a-z0-9_]{0,5}"), 4),
    ) {
        let mut text = String::new();
        let mut literals = literals.iter().cycle();
        for (at, part) in place.split("{}").enumerate() {
            if at > 0 && let Some((literal, more)) = literals.next() {
                text += &literal(&format!("S3cretMarker{more}"));
            }
            text += part;
        }
        let normal = Normal::of(&text);
        let shown = format!("{} {}", normal.text, normal.name).to_lowercase();
        prop_assert!(!shown.contains("s3cretmarker"), "{} of {}", shown, text);
    }

    #[test]
    fn spaces_comments_and_case_do_not_matter(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "select", "from", "where", "in", "(", ")", ",", "farms", "\"Farm\"", "=", "any",
                "$1", "'x'", "and", "values", "null", "public", ".", "-", "order", "by",
            ]),
            0..30,
        ),
        spaces in prop::collection::vec(
            prop::sample::select(vec![" ", "\n\t", "/* c */", " -- c\n", " /* a /* b */ */ ", "\r\n"]),
            30,
        ),
    ) {
        let mut other = String::new();
        for (word, space) in words.iter().zip(&spaces) {
            let quoted = word.starts_with(['"', '\'']);
            other += &if quoted { (*word).to_owned() } else { word.to_uppercase() };
            other += space;
        }
        prop_assert_eq!(Normal::of(&other).text, Normal::of(&words.join(" ")).text);
    }

    #[test]
    fn lists_of_any_length_are_one_form(length in 1_usize..50, item in prop::sample::select(vec![
        "$1", "'x'", "-5", "$1::uuid", "CAST($1 AS uuid)", "($1, 'x')", "lower($1)", "NULL",
    ])) {
        let of = |list: &[&str]| {
            let list = list.join(", ");
            let texts = [
                format!("SELECT a FROM t WHERE b IN ({list}) AND c NOT IN ({list})"),
                format!("INSERT INTO t VALUES {}", list.replace("), (", "),(")),
                format!("SELECT ARRAY[{list}]"),
            ];
            texts.map(|text| Normal::of(&text).text)
        };
        let (one, many) = (of(&[item]), of(&vec![item; length]));
        prop_assert_eq!(&one[0], &many[0]);
        prop_assert_eq!(&one[2], &many[2]);
        if item.starts_with('(') {
            prop_assert_eq!(&one[1], &many[1]);
        }
    }

    #[test]
    fn nothing_is_lost_when_a_query_is_split(soup in soup()) {
        let parts: Vec<_> = statements(&soup).collect();
        for part in &parts {
            prop_assert!(soup.contains(part));
        }
        prop_assert_eq!(traceparent(&soup), None);
        let bare = without_comments(&soup);
        prop_assert!(soup.contains(bare));
    }

    #[test]
    fn the_text_without_comments_is_the_statement(
        place in prop::sample::select(PLACES),
        comments in prop::collection::vec(
            prop::sample::select(vec!["/* a */", "/*b='c'*/", " ", ";", "\n", "/**/"]),
            0..6,
        ),
    ) {
        let statement = place.replace("{}", "'/*x*/'");
        let around = comments.concat();
        let text = format!("{around}{statement}{around}");
        prop_assert_eq!(without_comments(&text), statement.as_str());
        prop_assert_eq!(Normal::of(&text).text, Normal::of(&statement).text);
    }
}
