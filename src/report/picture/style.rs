//! The page's colours and the rules of its charts, for a picture that stands alone. There is one
//! place for both: the style sheets of the page.

const PALETTE: &str = include_str!("../../../reports/style.css");
const RULES: &str = include_str!("../../../reports/chart.css");

/// The rules for charts with light colours put in. Those that need a page or a pointer are left
/// out.
pub(super) fn rules() -> String {
    resolved(RULES, PALETTE)
}

/// A light colour of the page by its name: `ink`, `good-soft`.
pub(super) fn colour(name: &str) -> &'static str {
    let found = colours(PALETTE).find(|(own, _)| *own == name);
    found.map_or("currentColor", |(_, value)| value)
}

/// Names without hyphens before them, and values, of the first block of a style sheet.
fn colours(sheet: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let block = sheet.split_once(":root {").and_then(|(_, rest)| rest.split_once('}'));
    let lines = block.map_or("", |(block, _)| block).split(';');
    lines.filter_map(|line| {
        let (name, value) = line.trim().strip_prefix("--")?.split_once(':')?;
        Some((name.trim(), value.trim()))
    })
}

fn resolved(rules: &str, palette: &'static str) -> String {
    let mut own = String::new();
    for (selector, body) in rules.split('}').filter_map(|rule| rule.split_once('{')) {
        let selector = selector.trim();
        // The width of a page's column, a pointer, and drawings in table cells.
        if selector == "svg" || selector.contains(":hover") || selector.contains("band") {
            continue;
        }
        own.extend([selector, " {", body, "}\n"]);
    }
    for (name, value) in colours(palette) {
        own = own.replace(&format!("var(--{name})"), value);
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_colour_is_left_to_a_page() {
        let rules = rules();
        assert!(!rules.contains("var("), "{rules}");
        assert!(rules.contains("svg .p50, svg .baseline { stroke: #8da4ef; }"), "{rules}");
        assert!(rules.contains("stroke-dasharray") && !rules.contains("hover"), "{rules}");
    }

    #[test]
    fn colours_are_the_light_ones() {
        assert_eq!(["ink", "page", "bad-soft"].map(colour), ["#1c2024", "#fbfbfa", "#ffe5e5"]);
    }

    #[test]
    fn the_first_block_counts() {
        let palette = ":root { --a: #111; --ab: #222;\n --c: #333 }\n:root { --a: #999; }";
        let rules =
            "svg { width: 9px; }\n.x { fill: var(--a); stroke: var(--ab); }\n.y:hover { x: y; }";
        assert_eq!(resolved(rules, palette), ".x { fill: #111; stroke: #222; }\n");
    }
}
