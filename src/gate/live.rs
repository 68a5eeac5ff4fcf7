//! stub
use crate::names::Catalogue;
use crate::record::*;
#[derive(Debug)]
pub struct Watch;
#[derive(Debug)]
pub struct Alarm {
    pub what: String,
}
impl Watch {
    pub fn new(_: &Policy, _: Option<&[super::evidence::Evidence]>) -> Self {
        Self
    }
    pub fn take(&mut self, _: &Interval, _: &Catalogue, _: &[PhaseInfo]) -> Option<Alarm> {
        None
    }
}
