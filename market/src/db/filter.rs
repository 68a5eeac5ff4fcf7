//! Lists: filters with bound parameters, pages, and the count beside them.

use std::fmt::Write;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{Arg, Db, DbError, Row, sql};

/// The conditions of a query, and their parameters.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    clauses: Vec<String>,
    args: Vec<Arg>,
}

impl Filter {
    /// A condition without parameter.
    pub(crate) fn always(mut self, clause: &'static str) -> Self {
        self.clauses.push(clause.to_owned());
        self
    }

    /// A condition in which each `?` stands for the one parameter.
    pub(crate) fn bind(mut self, clause: &'static str, value: impl Into<Arg>) -> Self {
        self.args.push(value.into());
        self.clauses.push(clause.replace('?', &format!("${}", self.args.len())));
        self
    }

    /// The same when there is a value.
    pub(crate) fn maybe(self, clause: &'static str, value: Option<impl Into<Arg>>) -> Self {
        match value {
            Some(value) => self.bind(clause, value),
            None => self,
        }
    }

    fn text(&self) -> String {
        if self.clauses.is_empty() {
            return String::new();
        }
        format!(" WHERE {}", self.clauses.join(" AND "))
    }
}

/// A part of a text, as `LIKE` wants it, in lower case. The clause says `ESCAPE '\'`.
pub(crate) fn contains(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars().flat_map(char::to_lowercase) {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// From 1.
    pub(crate) page: i64,
    /// At most 100.
    pub(crate) limit: i64,
}

/// A list as its query needs it.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The names of the two queries.
    pub(crate) names: (&'static str, &'static str),
    /// The `SELECT` list.
    pub(crate) columns: &'static str,
    /// `FROM`, with joins.
    pub(crate) from: &'static str,
    /// `FROM` for counting: only what the filter needs.
    pub(crate) count_from: &'static str,
    /// `ORDER BY`; ends in a unique column, so that pages do not overlap.
    pub(crate) order: &'static str,
    pub(crate) filter: Filter,
    pub(crate) page: Page,
}

/// A page of a list; in JSON the items stand under the name of what they are.
#[derive(Debug)]
pub(crate) struct Listed<T> {
    pub(crate) key: &'static str,
    pub(crate) items: Vec<T>,
    pub(crate) page: Page,
    pub(crate) total: i64,
}

#[derive(Debug, Serialize)]
struct Pagination {
    page: i64,
    limit: i64,
    total: i64,
    pages: i64,
}

impl<T> Listed<T> {
    /// The number of pages.
    fn pages(&self) -> i64 {
        let round_up = self.page.limit.saturating_sub(1);
        self.total.saturating_add(round_up).div_euclid(self.page.limit.max(1))
    }
}

impl<T: Serialize> Serialize for Listed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Page { page, limit } = self.page;
        let pagination = Pagination { page, limit, total: self.total, pages: self.pages() };
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry(self.key, &self.items)?;
        map.serialize_entry("pagination", &pagination)?;
        map.end()
    }
}

/// Reads a page of a list and counts the whole, as Prisma's `findMany` and `count` do.
pub(crate) async fn list<T>(
    db: &Db,
    key: &'static str,
    listing: Listing,
    read: impl Fn(&mut Row) -> Result<T, DbError>,
) -> Result<Listed<T>, DbError> {
    let Listing { names, columns, from, count_from, order, filter, page } = listing;
    let conditions = filter.text();
    let mut args = filter.args.clone();
    let mut text = format!("SELECT {columns} FROM {from}{conditions} ORDER BY {order}");
    args.push(Arg::Int(page.limit));
    args.push(Arg::Int(page.page.saturating_sub(1).saturating_mul(page.limit)));
    write!(text, " LIMIT ${} OFFSET ${}", args.len() - 1, args.len())
        .map_err(|_fmt| DbError::Shape("a text"))?;
    let mut rows = db.read(names.0, sql(text), args).await?;
    let items = rows.iter_mut().map(read).collect::<Result<Vec<T>, DbError>>()?;

    let count = sql(format!("SELECT COUNT(*) FROM {count_from}{conditions}"));
    let mut counted = db.read_one(names.1, count, filter.args).await?;
    let total = counted.as_mut().ok_or(DbError::Shape("a count"))?.int()?;
    Ok(Listed { key, items, page, total })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_in_order() {
        let filter = Filter::default()
            .always("x IS NULL")
            .bind("(a = ? OR b = ?)", 1_i64)
            .maybe("c = ?", None::<&str>)
            .maybe("d = ?", Some("y"));
        assert_eq!(filter.text(), " WHERE x IS NULL AND (a = $1 OR b = $1) AND d = $2");
        assert_eq!(filter.args, [Arg::Int(1), Arg::Text("y".to_owned())]);
    }

    #[test]
    fn a_search_finds_its_own_wildcards() {
        assert_eq!(contains(r"50%_A\"), r"%50\%\_a\\%");
    }

    #[test]
    fn pages_round_up() {
        let listed = |total| Listed::<()> {
            key: "x",
            items: Vec::new(),
            page: Page { page: 1, limit: 20 },
            total,
        };
        assert_eq!([0, 1, 20, 21].map(|n| listed(n).pages()), [0, 1, 1, 2]);
    }
}
