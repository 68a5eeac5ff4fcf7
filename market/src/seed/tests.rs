//! The seeded data keeps its promises.

use std::collections::BTreeSet;

use super::*;

fn plan(seed: u64, size: Size) -> Plan {
    Plan { seed, counts: counts(size) }
}

fn text(arg: &Arg) -> &str {
    match arg {
        Arg::Text(text) => text,
        Arg::Int(_) | Arg::Null => panic!("{arg:?} is no text"),
    }
}

#[test]
fn the_same_seed_gives_the_same_rows_and_another_gives_others() {
    let all = |seed| {
        let plan = plan(seed, Size::Small);
        let farms: Vec<_> = goods::farms(plan).rows.collect();
        let products: Vec<_> = goods::products(plan).rows.collect();
        let orders: Vec<_> = trade::orders(plan).rows.collect();
        (farms, products, orders)
    };
    assert_eq!(all(42), all(42));
    assert_ne!(all(42), all(43));
}

#[test]
fn the_full_market_has_the_promised_numbers() {
    let plan = plan(42, Size::Full);
    assert_eq!(goods::farms(plan).rows.count(), 200);
    assert_eq!(goods::products(plan).rows.count(), 5_000);
    assert_eq!(people::users(plan).rows.count(), 2_001);
    assert_eq!(trade::orders(plan).rows.count(), 20_000);
}

#[test]
fn every_city_has_certified_approved_farms_and_every_farm_all_terms() {
    for size in [Size::Small, Size::Full] {
        let plan = plan(42, size);
        let farms = goods::farms(plan);
        let column = |name| farms.columns.iter().position(|column| *column == name).unwrap();
        let (city, status, certified) = (column("city"), column("status"), column("certified"));
        let rows: Vec<_> = farms.rows.collect();
        let good: BTreeSet<&str> = rows
            .iter()
            .filter(|row| text(&row[status]) == "APPROVED" && row[certified] == Arg::Int(1))
            .map(|row| text(&row[city]))
            .collect();
        assert_eq!(good, BTreeSet::from(CITIES));
        let pending = rows.iter().filter(|row| text(&row[status]) == "PENDING").count();
        assert!(pending * 10 >= rows.len(), "{pending} pending of {}", rows.len());

        let products: Vec<_> = goods::products(plan).rows.take(25).collect();
        for term in TERMS {
            assert!(products.iter().any(|row| text(&row[2]).ends_with(term)), "{term}");
        }
    }
}

#[test]
fn an_order_costs_what_its_items_cost() {
    let plan = plan(42, Size::Small);
    let mut sums = std::collections::HashMap::new();
    for row in trade::items(plan).rows {
        let (Arg::Int(price), Arg::Int(quantity)) = (&row[5], &row[6]) else { panic!("{row:?}") };
        *sums.entry(text(&row[1]).to_owned()).or_insert(0) += price * quantity;
    }
    for row in trade::orders(plan).rows {
        assert_eq!(Arg::Int(sums[text(&row[0])]), row[6], "{row:?}");
    }
}

#[test]
fn an_insert_has_a_row_of_parameters_for_each_row() {
    let want = r#"INSERT INTO "User" ("id","role") VALUES ($1,$2),($3,$4)"#;
    assert_eq!(insert_text("User", &["id", "role"], 4), want);
}
