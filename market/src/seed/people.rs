//! Users and what they think of farms.

use super::{Arg, Dice, PASSWORD, Plan, Table, args, at, customer_id, farm_id, int};
use crate::auth::password;

const FIRST: [&str; 16] = [
    "Ada", "Ben", "Clara", "Dora", "Emil", "Fay", "Gus", "Hana", "Ivo", "Jane", "Karl", "Lena",
    "Milo", "Nora", "Otis", "Pia",
];
const LAST: [&str; 12] = [
    "Archer", "Baker", "Carter", "Dyer", "Farmer", "Fisher", "Gardner", "Hunter", "Mason",
    "Miller", "Shepherd", "Weaver",
];
const OPINIONS: [&str; 6] = [
    "Fresh and friendly.",
    "Worth the drive.",
    "Good, though the stall is small.",
    "The best of the season.",
    "Came late, but all was there.",
    "We will be back next week.",
];
const REVIEWS_PER_FARM: u64 = 5;

/// All accounts.
pub(super) fn users(plan: Plan) -> Table<impl Iterator<Item = Vec<Arg>>> {
    let counts = plan.counts;
    let numbered = |prefix: &'static str, role: &'static str, count: u64, digits: usize| {
        (1..=count).map(move |number| {
            let id = format!("{prefix}_{number:0digits$}");
            let email = format!("{prefix}{number:0digits$}@market.test");
            (id, email, role)
        })
    };
    let test = ("user_test".to_owned(), "test@example.com".to_owned(), "FARMER");
    let accounts = numbered("customer", "CUSTOMER", counts.customers, 4)
        .chain(numbered("farmer", "FARMER", counts.farms, 4))
        .chain(numbered("admin", "ADMIN", counts.admins, 2))
        .chain(numbered("member", "CUSTOMER", counts.members, 4))
        .chain(std::iter::once(test));
    let rows = (0..).zip(accounts).map(move |(index, (id, email, role))| {
        let mut dice = Dice::new(plan, 1, index);
        let name = format!("{} {}", dice.pick(&FIRST), dice.pick(&LAST));
        let salt = format!("{:012x}", dice.below(1 << 48));
        args![id, email, name, role, password::hash(PASSWORD, &salt), at(index * 600)]
    });
    let columns = &["id", "email", "name", "role", "passwordHash", "createdAt"];
    Table { name: "User", columns, rows }
}

/// What customers wrote about farms.
pub(super) fn reviews(plan: Plan) -> Table<impl Iterator<Item = Vec<Arg>>> {
    let counts = plan.counts;
    let rows = (0..counts.farms * REVIEWS_PER_FARM).map(move |index| {
        let mut dice = Dice::new(plan, 2, index);
        args![
            format!("review_{:05}", index + 1),
            farm_id(index.div_euclid(REVIEWS_PER_FARM)),
            customer_id(dice.below(counts.customers)),
            int(3 + dice.below(3)),
            dice.pick(&OPINIONS),
            at(2_000_000 + index * 900),
        ]
    });
    let columns = &["id", "farmId", "userId", "rating", "comment", "createdAt"];
    Table { name: "Review", columns, rows }
}
