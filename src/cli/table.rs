//! Lists on stdout.

/// One column of a list.
#[derive(Clone, Copy, Debug)]
pub(super) enum Column {
    /// Stands at the left.
    Text(&'static str),
    /// Stands at the right.
    Number(&'static str),
}

impl Column {
    fn head(self) -> &'static str {
        match self {
            Self::Text(head) | Self::Number(head) => head,
        }
    }
}

/// Lines under each other, each column as wide as its longest cell.
pub(super) fn table(columns: &[Column], rows: &[Vec<String>]) -> String {
    let heads: Vec<String> = columns.iter().map(|column| column.head().to_owned()).collect();
    let all = || std::iter::once(&heads).chain(rows);
    let width =
        |at: usize| all().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns.len()).map(|at| width(at).unwrap_or_default()).collect();
    let mut text = String::new();
    for row in all() {
        let cells =
            row.iter().zip(columns).zip(&widths).map(|((cell, column), width)| match column {
                Column::Number(_) => format!("{cell:>width$}"),
                Column::Text(_) => format!("{cell:<width$}"),
            });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_at_the_right() {
        let rows =
            [vec!["a".to_owned(), "1".to_owned()], vec!["long".to_owned(), "100".to_owned()]];
        let text = table(&[Column::Text("NAME"), Column::Number("N")], &rows);
        assert_eq!(text, "NAME    N\na       1\nlong  100\n");
    }
}
