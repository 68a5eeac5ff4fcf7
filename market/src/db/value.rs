//! Values on their way into and out of a database, the same for SQLite and PostgreSQL.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, Column, Decode, Postgres, Row as _, Sqlite, TypeInfo, ValueRef};

use super::DbError;

/// A bound parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Arg {
    Text(String),
    Int(i64),
    /// A missing text; the schema has no other columns that may be missing.
    Null,
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Arg {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<i64> for Arg {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Arg {
    fn from(flag: bool) -> Self {
        Self::Int(i64::from(flag))
    }
}

impl<T: Into<Self>> From<Option<T>> for Arg {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A list of [`Arg`] from anything that becomes one.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Arg::from($value)),*] };
}
pub(crate) use args;

/// Makes SQLite's parameters.
pub(super) fn sqlite_arguments(args: Vec<Arg>) -> Result<SqliteArguments, DbError> {
    let mut out = SqliteArguments::default();
    for arg in args {
        match arg {
            Arg::Text(text) => Arguments::add(&mut out, text),
            Arg::Int(number) => Arguments::add(&mut out, number),
            Arg::Null => Arguments::add(&mut out, Option::<String>::None),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(out)
}

/// Makes PostgreSQL's parameters.
pub(super) fn postgres_arguments(args: Vec<Arg>) -> Result<PgArguments, DbError> {
    let mut out = PgArguments::default();
    for arg in args {
        match arg {
            Arg::Text(text) => out.add(text),
            Arg::Int(number) => out.add(number),
            Arg::Null => out.add(Option::<String>::None),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(out)
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
}

/// A row, read from left to right in the order of the `SELECT` list.
#[derive(Debug)]
pub(crate) struct Row(std::vec::IntoIter<Cell>);

impl Row {
    fn next(&mut self) -> Result<Cell, DbError> {
        self.0.next().ok_or(DbError::Shape("a column more"))
    }

    /// A text that is always there.
    pub(crate) fn text(&mut self) -> Result<String, DbError> {
        self.optional_text()?.ok_or(DbError::Shape("a text"))
    }

    /// A text that may be missing.
    pub(crate) fn optional_text(&mut self) -> Result<Option<String>, DbError> {
        match self.next()? {
            Cell::Text(text) => Ok(Some(text)),
            Cell::Null => Ok(None),
            Cell::Int(_) | Cell::Real(_) => Err(DbError::Shape("a text")),
        }
    }

    /// A whole number.
    pub(crate) fn int(&mut self) -> Result<i64, DbError> {
        match self.next()? {
            Cell::Int(number) => Ok(number),
            Cell::Null | Cell::Text(_) | Cell::Real(_) => Err(DbError::Shape("a whole number")),
        }
    }

    /// A flag, kept as 0 or 1.
    pub(crate) fn flag(&mut self) -> Result<bool, DbError> {
        Ok(self.int()? != 0)
    }

    /// A number with a fraction.
    pub(crate) fn real(&mut self) -> Result<f64, DbError> {
        match self.next()? {
            Cell::Real(number) => Ok(number),
            Cell::Null | Cell::Text(_) | Cell::Int(_) => Err(DbError::Shape("a number")),
        }
    }
}

/// Reads a row of SQLite.
pub(super) fn from_sqlite(row: &SqliteRow) -> Result<Row, DbError> {
    let mut cells = Vec::with_capacity(row.len());
    for column in row.columns() {
        let raw = row.try_get_raw(column.ordinal())?;
        let kind = raw.type_info();
        let cell = if raw.is_null() {
            Ok(Cell::Null)
        } else if kind.name() == "INTEGER" {
            <i64 as Decode<'_, Sqlite>>::decode(raw).map(Cell::Int)
        } else if kind.name() == "REAL" {
            <f64 as Decode<'_, Sqlite>>::decode(raw).map(Cell::Real)
        } else {
            <String as Decode<'_, Sqlite>>::decode(raw).map(Cell::Text)
        };
        cells.push(cell.map_err(sqlx::Error::Decode)?);
    }
    Ok(Row(cells.into_iter()))
}

/// Reads a row of PostgreSQL.
pub(super) fn from_postgres(row: &PgRow) -> Result<Row, DbError> {
    let mut cells = Vec::with_capacity(row.len());
    for column in row.columns() {
        let raw = row.try_get_raw(column.ordinal())?;
        let kind = raw.type_info();
        let cell = if raw.is_null() {
            Ok(Cell::Null)
        } else if kind.name() == "INT8" {
            <i64 as Decode<'_, Postgres>>::decode(raw).map(Cell::Int)
        } else if kind.name() == "INT4" {
            <i32 as Decode<'_, Postgres>>::decode(raw).map(|number| Cell::Int(i64::from(number)))
        } else if kind.name() == "FLOAT8" {
            <f64 as Decode<'_, Postgres>>::decode(raw).map(Cell::Real)
        } else {
            <String as Decode<'_, Postgres>>::decode(raw).map(Cell::Text)
        };
        cells.push(cell.map_err(sqlx::Error::Decode)?);
    }
    Ok(Row(cells.into_iter()))
}
