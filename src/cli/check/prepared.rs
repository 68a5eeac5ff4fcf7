//! What is to be checked, with everything that can be wrong found before anything starts.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::builtin;
use crate::cli::args::{Check, LoadArgs, MonitorArgs, Play, TapArgs, What};
use crate::cli::settings::{Source, Variant};
use crate::cli::terminal::Terminal;
use crate::cli::{Failed, settings};
use crate::plan::checks::{CheckFile, CheckInputs, CheckKind, JourneyCheck, Profile, check_file};
use crate::plan::{Address, Plan};
use crate::scenario::{Diagnostic, did_you_mean};

/// The check file of a work folder, when no other is named.
const DEFAULT_FILE: &str = "checks.yaml";

/// The scenario that is checked where nobody names one.
const DEFAULT_SCENARIO: &str = "all";

/// A scenario without journeys, for files that name none.
const NO_SCENARIO: &str =
    r#"{"version": 1, "name": "checks", "journeys": {"none": {"steps": [{"get": "/"}]}}}"#;

/// Stands for a target where nothing is sent to one.
const NO_TARGET: &str = "http://127.0.0.1:1";

/// Everything that is to be checked.
pub(super) struct Prepared {
    pub(super) file: CheckFile,
    /// Target, health endpoint and settings of requests.
    pub(super) plan: Plan,
    pub(super) wants_market: bool,
    /// Whether anything is sent to the target.
    pub(super) has_target: bool,
    chosen: Vec<String>,
    /// What the journeys of the file play, by scenario and journey.
    plans: BTreeMap<(Option<String>, String), Plan>,
}

impl Prepared {
    /// Reads file and scenario.
    pub(super) fn of(args: &Check, terminal: &Terminal) -> Result<Self, Failed> {
        let expect: Vec<_> = args.expect.iter().map(|text| version(text)).collect();
        let path = args
            .file
            .clone()
            .or_else(|| Path::new(DEFAULT_FILE).is_file().then(|| DEFAULT_FILE.into()));
        let Some(path) = path else { return Self::built_in(args, &expect, terminal) };
        let path = path.to_string_lossy().into_owned();
        let bytes = settings::read_file(&path).map_err(|why| {
            let hint = "name a check file with `--file`, or leave it out for the built-in checks";
            Failed::usage(format!("can't read `{path}`: {why}"), Some(hint.to_owned()))
        })?;
        let text = String::from_utf8(bytes.to_vec()).map_err(|_not_utf8| {
            Failed::usage(format!("can't read `{path}`: it is not UTF-8 text"), None)
        })?;
        let file = read(&path, &text, &expect, terminal)?;
        let chosen = chosen(args, &file)?;
        let named = args.scenario.clone().filter(|name| !name.is_empty());
        let scenario = named.or_else(|| file.scenario.clone()).or_else(|| of_project(args));
        let mut asked = once(args, scenario.clone());
        asked.what.target = asked.what.target.or_else(|| file.target.clone());
        let asks = chosen.iter().filter_map(|name| file.profile(name)).any(asks_target);
        let has_target = args.cleanup || asks;
        if scenario.is_none() {
            asked.what.target = asked.what.target.or_else(|| asked.what.project_target.take());
        }
        if scenario.is_none() && asked.what.target.is_none() {
            if has_target {
                let hint =
                    "write `target: https://staging.example` into it, or give `--target URL`";
                let message = format!("`{path}` names no target");
                return Err(Failed::usage(message, Some(hint.to_owned())));
            }
            asked.what.target = Some(NO_TARGET.to_owned());
        }
        let source = match scenario {
            Some(_) => settings::source(&asked)?,
            None => Source::of_text(&path, NO_SCENARIO),
        };
        let plan = settings::plan(&asked, &source, &Variant::default(), terminal)?;
        let wants_market = has_target && source.wants_market(&asked);
        let plans = BTreeMap::new();
        let mut prepared = Self { file, plan, wants_market, has_target, chosen, plans };
        prepared.patient(args);
        prepared.read_journeys(&asked, scenario.is_some().then_some(&source), terminal)?;
        Ok(prepared)
    }

    fn built_in(
        args: &Check,
        expect: &[(Option<String>, String)],
        terminal: &Terminal,
    ) -> Result<Self, Failed> {
        let other = args
            .profile
            .iter()
            .find(|name| !builtin::PROFILES.contains(&name.as_str()) && name.as_str() != "all");
        if let Some(other) = other {
            let hint = match did_you_mean(other, builtin::PROFILES) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "write `{DEFAULT_FILE}` with `profiles: {{ {other}: {{ checks: [ … ] }} }}`; built \
                     in are {}",
                    builtin::PROFILES.join(" and ")
                ),
            };
            let message =
                format!("the checks of `{other}` stand in a check file, and there is none");
            return Err(Failed::usage(message, Some(hint)));
        }
        let named = args.scenario.clone().filter(|name| !name.is_empty());
        let scenario = named.or_else(|| of_project(args));
        let scenario = scenario.unwrap_or_else(|| DEFAULT_SCENARIO.to_owned());
        let asked = once(args, Some(scenario));
        let source = settings::source(&asked)?;
        let plan = settings::plan(&asked, &source, &Variant::default(), terminal)?;
        let text = builtin::text(&plan, source.is_built_in(), expect);
        let file = read("built-in checks", &text, &[], terminal)?;
        let chosen = chosen(args, &file)?;
        let wants_market = source.wants_market(&asked);
        if wants_market && args.cleanup {
            let hint = "give it with `--target URL`: a market that begins now has nothing left of \
                        earlier runs";
            return Err(Failed::usage("`--cleanup` needs a target", Some(hint.to_owned())));
        }
        let plans = BTreeMap::new();
        let mut prepared = Self { file, plan, wants_market, has_target: true, chosen, plans };
        prepared.patient(args);
        prepared.read_journeys(&asked, Some(&source), terminal)?;
        Ok(prepared)
    }

    /// Lets requests wait as long as the command line says.
    fn patient(&mut self, args: &Check) {
        let Some(wait) = args.wait_for else { return };
        for check in self.file.profiles.iter_mut().flat_map(|profile| &mut profile.checks) {
            if matches!(check.kind, CheckKind::Http(_)) {
                check.wait_for.get_or_insert(wait);
            }
        }
    }

    /// Compiles every journey that is to be played, or tells all that are not there.
    fn read_journeys(
        &mut self,
        asked: &Play,
        own: Option<&Source>,
        terminal: &Terminal,
    ) -> Result<(), Failed> {
        let mut mistakes = Vec::new();
        let mut plans = BTreeMap::new();
        for journey in self.file.journeys(&self.chosen) {
            let key = (journey.scenario.clone(), journey.journey.clone());
            if plans.contains_key(&key) {
                continue;
            }
            match compiled(journey, asked, own, terminal)? {
                Ok(alone) => drop(plans.insert(key, alone)),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        if mistakes.is_empty() {
            self.plans = plans;
            return Ok(());
        }
        Err(settings::told(&mistakes, &self.file.path, terminal))
    }

    /// Sends everything to this market, or else to where the plan says.
    pub(super) fn aim(&mut self, market: Option<&Address>) {
        if let Some(market) = market {
            self.plan.target.clone_from(market);
        }
        let target = &self.plan.target;
        let plans = std::mem::take(&mut self.plans).into_iter().map(|(key, mut plan)| {
            plan.target.clone_from(target);
            plan.leave_nothing_out();
            plan.leave_steps_alone();
            (key, Arc::new(plan))
        });
        let plans: BTreeMap<_, _> = plans.collect();
        for journey in self.file.journeys(&self.chosen) {
            let key = (journey.scenario.clone(), journey.journey.clone());
            journey.plan = plans.get(&key).cloned();
        }
    }

    /// The profiles that are done, in order.
    pub(super) fn chosen(&self) -> impl Iterator<Item = &Profile> {
        self.chosen.iter().filter_map(|name| self.file.profile(name))
    }
}

/// The scenario of the project's file.
fn of_project(args: &Check) -> Option<String> {
    args.project.scenario.clone().filter(|name| !name.is_empty())
}

fn asks_target(profile: &Profile) -> bool {
    profile.checks.iter().any(|one| matches!(one.kind, CheckKind::Http(_) | CheckKind::Journey(_)))
}

/// The plan of one journey alone, or that there is none.
fn compiled(
    journey: &JourneyCheck,
    asked: &Play,
    own: Option<&Source>,
    terminal: &Terminal,
) -> Result<Result<Plan, Diagnostic>, Failed> {
    let mut asked = asked.clone();
    let other;
    let source = match (&journey.scenario, own) {
        (Some(scenario), _) => {
            asked.what.scenario = Some(scenario.clone());
            other = settings::source(&asked)?;
            &other
        }
        (None, Some(own)) => own,
        (None, None) => {
            let message =
                format!("no scenario is named that has the journey `{}`", journey.journey);
            let hint = "add `scenario: all`, or the path of a scenario, to the file or the check";
            let mistake = Diagnostic { message, ..journey.written.clone() };
            return Ok(Err(mistake.with_hint(hint)));
        }
    };
    let whole = settings::plan(&asked, source, &Variant::default(), terminal)?;
    let names: Vec<&str> = whole.journeys.iter().map(|one| one.name.as_str()).collect();
    if !names.contains(&journey.journey.as_str()) {
        let message = format!("`{}` has no journey `{}`", source.path, journey.journey);
        let hint = match did_you_mean(&journey.journey, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", names.join(", ")),
        };
        let mistake = Diagnostic { message, ..journey.written.clone() };
        return Ok(Err(mistake.with_hint(hint)));
    }
    asked.what.journey = vec![journey.journey.clone()];
    settings::plan(&asked, source, &Variant::default(), terminal).map(Ok)
}

fn read(
    path: &str,
    text: &str,
    expect: &[(Option<String>, String)],
    terminal: &Terminal,
) -> Result<CheckFile, Failed> {
    let environment = settings::environment;
    let inputs = CheckInputs { path, text, environment: &environment, expect };
    check_file(&inputs).map_err(|mistakes| settings::told(&mistakes, path, terminal))
}

/// `prisma=7.0.1` as key and version, `7.0.1` as a version alone.
fn version(text: &str) -> (Option<String>, String) {
    match text.split_once('=') {
        Some((key, version)) => (Some(key.trim().to_owned()), version.trim().to_owned()),
        None => (None, text.trim().to_owned()),
    }
}

/// The profiles that are done: those that are named, or those that look at the running system; none
/// where it is cleaned up.
fn chosen(args: &Check, file: &CheckFile) -> Result<Vec<String>, Failed> {
    let named = &args.profile;
    if args.cleanup {
        if file.cleanup.is_empty() {
            let hint = "write `cleanup: [ { journey: leftovers, scenario: cleanup.yaml } ]`: a \
                        journey that looks for what is left and deletes it";
            let message = format!("`{}` does not say how to clean up", file.path);
            return Err(Failed::usage(message, Some(hint.to_owned())));
        }
        return Ok(Vec::new());
    }
    let all = || file.profiles.iter().map(|profile| profile.name.clone());
    if all().next().is_none() {
        let hint = "write `profiles: { immediate: { checks: [ { health: /api/health } ] } }`";
        return Err(Failed::usage(
            format!("`{}` has no profiles", file.path),
            Some(hint.to_owned()),
        ));
    }
    if named.iter().any(|name| name == "all") {
        return Ok(all().collect());
    }
    if named.is_empty() {
        let usual: Vec<String> =
            all().filter(|name| builtin::PROFILES.contains(&name.as_str())).collect();
        return Ok(if usual.is_empty() { all().collect() } else { usual });
    }
    for name in named {
        if file.profile(name).is_none() {
            let known: Vec<String> = all().collect();
            let hint = match did_you_mean(name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it has {}", known.join(", ")),
            };
            let message = format!("`{}` has no profile `{name}`", file.path);
            return Err(Failed::usage(message, Some(hint)));
        }
    }
    // In the order of the deployment, whatever the order of the arguments.
    Ok(all().filter(|name| named.contains(name)).collect())
}

/// What a run with one user and one journey would be asked for on the command line.
fn once(args: &Check, scenario: Option<String>) -> Play {
    Play {
        what: What {
            project_target: args.project.target.clone().filter(|target| !target.is_empty()),
            scenario,
            target: args.target.clone().filter(|target| !target.is_empty()),
            journey: Vec::new(),
            expect: None,
            url: None,
            method: None,
            data: None,
        },
        load: LoadArgs {
            rate: None,
            users: Some(1),
            duration: None,
            iterations: Some(1),
            max_users: None,
            seed: 1,
            precision: None,
            workers: Some(1),
        },
        http: args.http.clone(),
        // People read; whoever checks does not.
        tap: TapArgs { tap: None, tap_listen: None, solo: true },
        monitor: MonitorArgs { monitor_db: Some(String::new()) },
    }
}
