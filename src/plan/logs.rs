//! Logs that are read beside the load, resolved and checked.

use std::path::PathBuf;
use std::sync::Arc;

use super::builder::Environment;
use super::compile::{beside, fixed};
use crate::logs::{BuiltIn, BuiltInRule, Rule, Rules};
use crate::record::{LogRuleText, LogSourceText, LogsText};
use crate::scenario::{
    At, BuiltInSpec, Diagnostics, LogLimit, LogRuleSpec, LogSourceSpec, LogsSpec, NodeId,
    OneOrMany, ScenarioSpec, Tree, did_you_mean,
};

/// The most logs of a run: each has a thread, and some have a program that gives it.
const MAX_SOURCES: usize = 16;
/// The longest name of a rule, in characters: it stands in every interval in which a line came.
const MAX_NAME: usize = 200;

/// Logs that are read beside the load, and what is looked for in them.
#[derive(Clone, Debug)]
pub struct LogsPlan {
    /// The logs.
    pub sources: Vec<LogSource>,
    /// What is looked for; the rules have the order of the text's.
    pub rules: Arc<Rules>,
    /// Both as they stand in the record; the sources have the same order.
    pub text: LogsText,
}

/// One log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogSource {
    /// A file, which may be made later, and be moved away or cut while it is read.
    File(PathBuf),
    /// What a unit of systemd writes, by `journalctl`.
    Journal {
        /// Its name.
        unit: String,
    },
    /// What a container writes, by `docker logs`.
    Docker {
        /// Its name or id.
        container: String,
    },
}

impl LogSource {
    /// What people call it.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Journal { unit } => format!("journal {unit}"),
            Self::Docker { container } => format!("docker {container}"),
        }
    }
}

/// The logs of the scenario; `None` where it names none.
pub(super) fn logs(
    spec: &ScenarioSpec,
    environment: &Environment<'_>,
    (tree, out): (&Tree, &mut Diagnostics),
) -> Option<LogsPlan> {
    let written = spec.logs.as_ref()?;
    let mut reader = Reader { environment, tree, out };
    let (sources, texts) = reader.sources(written);
    let made = reader.rules(&written.value);
    let (rules, looked_for): (Vec<Rule>, Vec<LogRuleText>) = made.into_iter().unzip();
    match Rules::new(&rules) {
        Ok(rules) => Some(LogsPlan {
            sources,
            rules: Arc::new(rules),
            text: LogsText { sources: texts, rules: looked_for },
        }),
        Err(error) => {
            let hint = "leave some out: `built_in: guide`, or join patterns with `|`";
            reader.error(written.node, error.to_string(), hint);
            None
        }
    }
}

struct Reader<'a> {
    environment: &'a Environment<'a>,
    tree: &'a Tree,
    out: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn sources(&mut self, logs: &At<LogsSpec>) -> (Vec<LogSource>, Vec<LogSourceText>) {
        let written = &logs.value.sources;
        if written.is_empty() {
            let hint = "name them: `logs: { sources: [ logs/staging.log ] }`";
            self.error(logs.node, "there is no log to read", hint);
        }
        if let Some(beyond) = written.get(MAX_SOURCES) {
            let hint = "read the others with a scenario of their own";
            self.error(beyond.node, format!("more than {MAX_SOURCES} logs"), hint);
        }
        let (mut sources, mut texts) = (Vec::new(), Vec::new());
        for one in written.iter().take(MAX_SOURCES) {
            let Some(source) = self.source(one) else { continue };
            if sources.contains(&source) {
                let message = format!("the log `{}` is read twice", source.name());
                self.error(one.node, message, "leave one of them out");
            }
            texts.push(LogSourceText { name: source.name(), optional: one.value.optional });
            sources.push(source);
        }
        (sources, texts)
    }

    fn source(&mut self, written: &At<LogSourceSpec>) -> Option<LogSource> {
        let LogSourceSpec { file, journal, docker, optional: _ } = &written.value;
        match (file, journal, docker) {
            (Some(file), None, None) => {
                let node = if file.is_written() { file.node } else { written.node };
                let template = At { value: file.value.clone(), node };
                let path = fixed(&template, self.tree, self.environment, self.out)?;
                let path = self.named(path, node)?;
                Some(LogSource::File(beside(&self.tree.place(node).file, &path).into()))
            }
            (None, Some(journal), None) => {
                let unit = self.named(journal.unit.value.clone(), journal.unit.node)?;
                Some(LogSource::Journal { unit })
            }
            (None, None, Some(docker)) => {
                let container = self.named(docker.value.clone(), docker.node)?;
                Some(LogSource::Docker { container })
            }
            _ => {
                let hint = "write a path, `{ journal: { unit: NAME } }`, or `{ docker: NAME }`";
                self.error(written.node, "a log is one of `file`, `journal` and `docker`", hint);
                None
            }
        }
    }

    /// A name that a system can have: it is an argument of a program, or a path.
    fn named(&mut self, name: String, node: NodeId) -> Option<String> {
        let is_name = !name.trim().is_empty() && !name.chars().any(char::is_control);
        if !is_name {
            let hint = "write the path of a file, or the name of a unit or container";
            self.error(node, format!("`{}` names no log", name.escape_debug()), hint);
        }
        is_name.then_some(name)
    }

    /// What is looked for: what must and must not be seen, the scenario's own, and what is built
    /// in.
    fn rules(&mut self, spec: &LogsSpec) -> Vec<(Rule, LogRuleText)> {
        let LogsSpec { sources: _, rules, must_see, must_not_see, built_in } = spec;
        let mut made = Vec::new();
        let see = |limit, must_see| LogRuleText { limit, must_see, ..LogRuleText::default() };
        made.extend(self.seen(must_see, "must see", &see(None, true)));
        made.extend(self.seen(must_not_see, "must not see", &see(Some(0), false)));
        for (name, rule) in rules {
            made.extend(self.rule(name, rule));
        }
        for built in self.built_in(built_in) {
            if rules.get(built.name).is_none() {
                made.push((built.rule(), text_of(built)));
            }
        }
        made
    }

    fn seen(
        &mut self,
        patterns: &OneOrMany<At<crate::logs::Pattern>>,
        word: &str,
        text: &LogRuleText,
    ) -> Vec<(Rule, LogRuleText)> {
        let mut made: Vec<(Rule, LogRuleText)> = Vec::new();
        for pattern in patterns {
            let name = cut(&format!("{word}: {}", pattern.value));
            if made.iter().any(|(rule, _)| rule.name == name) {
                let message = format!("`{}` is looked for twice", pattern.value);
                self.error(pattern.node, message, "leave one of them out");
            }
            let all = vec![pattern.value.clone()];
            let rule = Rule { name: name.clone(), all, except: Vec::new() };
            made.push((rule, LogRuleText { name, ..text.clone() }));
        }
        made
    }

    fn rule(&mut self, name: &At<String>, spec: &LogRuleSpec) -> Option<(Rule, LogRuleText)> {
        let LogRuleSpec { r#match, except, limit, per_minute } = spec;
        let is_name = !name.trim().is_empty() && !name.chars().any(char::is_control);
        if !is_name || name.chars().count() > MAX_NAME {
            let hint = format!("a name has 1 to {MAX_NAME} characters in one line");
            self.error(name.node, "a rule of `logs` has no such name", &hint);
        }
        let built = all_built_in().find(|built| built.name == name.value);
        let own = |patterns: &OneOrMany<At<crate::logs::Pattern>>| {
            patterns.iter().map(|pattern| pattern.value.clone()).collect::<Vec<_>>()
        };
        let all = match (own(r#match), built) {
            (patterns, _) if !patterns.is_empty() => patterns,
            (_, Some(built)) => built.rule().all,
            (_, None) => {
                let near = did_you_mean(name, all_built_in().map(|built| built.name));
                let hint = near.map_or_else(
                    || "say what its lines match: `match: \"slow query\"`".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                let message = format!("the rule `{}` matches nothing", name.value);
                self.error(name.node, message, &hint);
                return None;
            }
        };
        let most = |limit: &Option<At<LogLimit>>| limit.as_ref().map(|limit| limit.value.0);
        let text = built.map(text_of).unwrap_or_default();
        let name = name.value.clone();
        let text = LogRuleText {
            limit: most(limit).unwrap_or(text.limit),
            per_minute: most(per_minute).unwrap_or(text.per_minute),
            name: name.clone(),
            ..text
        };
        Some((Rule { name, all, except: own(except) }, text))
    }

    fn built_in(&mut self, wanted: &OneOrMany<At<BuiltInSpec>>) -> Vec<&'static BuiltInRule> {
        let none = wanted.iter().find(|one| one.value == BuiltInSpec::None);
        if let Some(none) = none.filter(|_| wanted.len() > 1) {
            let hint = "leave the others out, or `none`";
            self.error(none.node, "`none` stands beside others", hint);
        }
        let sets: Vec<BuiltIn> = if wanted.is_empty() {
            BuiltIn::ALL.to_vec()
        } else {
            wanted.iter().filter_map(|one| set_of(one.value)).collect()
        };
        let is_wanted = |set: &BuiltIn| sets.contains(set);
        BuiltIn::ALL.into_iter().filter(is_wanted).flat_map(BuiltIn::rules).collect()
    }

    fn error(&mut self, node: NodeId, message: impl Into<String>, hint: &str) {
        self.out.error(self.tree, node, message).hint(hint);
    }
}

fn set_of(word: BuiltInSpec) -> Option<BuiltIn> {
    match word {
        BuiltInSpec::Guide => Some(BuiltIn::Guide),
        BuiltInSpec::Prisma => Some(BuiltIn::Prisma),
        BuiltInSpec::Postgres => Some(BuiltIn::Postgres),
        BuiltInSpec::None => None,
    }
}

fn all_built_in() -> impl Iterator<Item = &'static BuiltInRule> {
    BuiltIn::ALL.into_iter().flat_map(BuiltIn::rules)
}

fn text_of(built: &BuiltInRule) -> LogRuleText {
    LogRuleText {
        name: built.name.to_owned(),
        about: Some(built.about.to_owned()),
        limit: built.limit,
        per_minute: None,
        must_see: false,
    }
}

/// A pattern can be longer than a name.
fn cut(name: &str) -> String {
    name.chars().map(|own| if own.is_control() { ' ' } else { own }).take(MAX_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Inputs, Overrides, Plan, compile};

    fn compiled(logs: &str) -> Result<Plan, String> {
        let text = format!(
            "target: http://127.0.0.1:1\njourneys: {{ j: {{ steps: [] }} }}\nlogs: {logs}\n"
        );
        let inputs = Inputs {
            path: "staging/a.yaml",
            text: &text,
            read: &|path| Err(format!("there is no {path}")),
            environment: &|name| (name == "LOGS").then(|| "/var/log".to_owned()),
        };
        compile(&inputs, &[], &Overrides::default()).map_err(|mistakes| {
            let told = mistakes.iter().map(|mistake| mistake.render(false));
            told.collect::<Vec<_>>().join("\n")
        })
    }

    fn made(logs: &str) -> LogsPlan {
        // A journey without steps is a mistake of its own kind: nothing else may be wrong.
        match compiled(logs) {
            Ok(plan) => plan.logs.unwrap(),
            Err(told) => panic!("{told}"),
        }
    }

    /// Name, limit, limit of a minute.
    fn limits(plan: &LogsPlan) -> Vec<(&str, Option<u64>, Option<u64>)> {
        let rules = plan.text.rules.iter();
        rules.map(|rule| (rule.name.as_str(), rule.limit, rule.per_minute)).collect()
    }

    #[test]
    fn a_list_alone_is_the_logs() {
        let plan = made("[ staging.log, \"${LOGS}/app.log\", { docker: web, optional: true } ]");
        let names: Vec<_> =
            plan.text.sources.iter().map(|one| (one.name.as_str(), one.optional)).collect();
        let want =
            [("staging/staging.log", false), ("/var/log/app.log", false), ("docker web", true)];
        assert_eq!(names, want);
        assert_eq!(plan.text.rules.len(), 15, "all that is built in");
        assert_eq!(plan.rules.names().len(), 15);
        assert!(
            plan.text.rules.iter().any(|rule| rule.name == "timeouts" && rule.limit == Some(0))
        );
    }

    #[test]
    fn a_rule_with_the_name_of_a_built_in_one_changes_it() {
        let plan = made(
            "{ sources: [ { journal: { unit: web } } ], built_in: guide, must_see: 'Client 7', \
             must_not_see: [ panic ], rules: { timeouts: { limit: none, per_minute: 5, except: \
             [ idle ] }, slow: { match: 'slow query', limit: 3 } } }",
        );
        assert_eq!(plan.sources, [LogSource::Journal { unit: "web".to_owned() }]);
        assert_eq!(
            limits(&plan),
            [
                ("must see: Client 7", None, None),
                ("must not see: panic", Some(0), None),
                ("timeouts", None, Some(5)),
                ("slow", Some(3), None),
                ("prisma-errors", None, None),
                ("connection-errors", Some(0), None),
                ("migration-errors", None, None),
            ]
        );
        let mut found = Vec::new();
        plan.rules.matching(b"Timeout: a slow query", &mut |at| found.push(at));
        plan.rules.matching(b"idle timeout", &mut |at| found.push(at));
        assert_eq!(found, [2, 3]);
        assert!(plan.text.rules[0].must_see && !plan.text.rules[1].must_see);
        assert_eq!(made("{ sources: [ a ], built_in: none }").text.rules, []);
    }

    #[track_caller]
    fn check(logs: &str, wanted: &[&str]) {
        let told = compiled(logs).map(|_| ()).unwrap_err();
        for part in wanted {
            assert!(told.contains(part), "`{part}` is not in: {told}");
        }
    }

    #[test]
    fn what_is_wrong_with_logs_is_said_with_its_place() {
        check("{ rules: {} }", &["there is no log to read", "a.yaml:3", "hint: name them"]);
        check("{ sorces: [ a ] }", &["`sorces`", "mean `sources`"]);
        check("[ { fil: a } ]", &["`fil`", "mean `file`"]);
        check("[ { file: a, docker: b } ]", &["one of `file`, `journal` and `docker`"]);
        check("[ {} ]", &["one of `file`, `journal` and `docker`"]);
        check("[ a, a ]", &["`staging/a` is read twice"]);
        check("[ ' ' ]", &["names no log"]);
        check("[ \"${LOG}/a\" ]", &["`LOG` is not set"]);
        check("{ sources: [ a ], must_see: 'a(b' }", &["`a(b` is not a pattern: unclosed group"]);
        check("{ sources: [ a ], must_see: '.*' }", &["matches every line"]);
        check("{ sources: [ a ], must_see: [ x, x ] }", &["`x` is looked for twice"]);
        check(
            "{ sources: [ a ], rules: { timeout: {} } }",
            &["matches nothing", "mean `timeouts`"],
        );
        check("{ sources: [ a ], rules: { x: { limit: many, match: x } } }", &["number of lines"]);
        check("{ sources: [ a ], rules: { x: { pattern: x } } }", &["`pattern`"]);
        check("{ sources: [ a ], built_in: all }", &["`all`", "`guide`"]);
        check("{ sources: [ a ], built_in: [ none, guide ] }", &["`none` stands beside others"]);
        let many: Vec<String> = (0..=MAX_SOURCES).map(|at| format!("a{at}")).collect();
        check(&format!("[ {} ]", many.join(", ")), &["more than 16 logs"]);
        let many: Vec<String> = (0..64).map(|at| format!("r{at}: {{ match: x }}")).collect();
        let many = format!("{{ sources: [ a ], rules: {{ {} }} }}", many.join(", "));
        check(&many, &["more than 64 rules", "built_in"]);
    }
}
