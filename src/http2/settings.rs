//! What the two sides tell each other of themselves (RFC 9113, section 6.5).

use super::broken::Broken;

pub(super) const TABLE_SIZE: u16 = 0x1;
pub(super) const ENABLE_PUSH: u16 = 0x2;
pub(super) const MOST_STREAMS: u16 = 0x3;
pub(super) const INITIAL_WINDOW: u16 = 0x4;
pub(super) const FRAME_SIZE: u16 = 0x5;
pub(super) const HEAD_SIZE: u16 = 0x6;

/// The largest window, in bytes (RFC 9113, section 6.9.1).
pub(super) const MOST_WINDOW: u32 = (1 << 31) - 1;

/// The window that every connection and stream begins with unless something else is said, in bytes.
pub(super) const USUAL_WINDOW: u32 = 65_535;

/// The longest frame that both sides take without being asked, in bytes.
pub(super) const USUAL_FRAME: u32 = 16_384;

/// The settings of the server that matter to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) table_size: u32,
    pub(super) streams: Option<u32>,
    pub(super) window: u32,
    pub(super) frame: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { table_size: 4_096, streams: None, window: USUAL_WINDOW, frame: USUAL_FRAME }
    }
}

impl Settings {
    /// Takes what a SETTINGS frame says, whose length is a multiple of six.
    pub(super) fn take(&mut self, payload: &[u8]) -> Result<(), Broken> {
        for setting in payload.as_chunks::<6>().0 {
            let [high, low, value @ ..] = *setting;
            let (id, value) = (u16::from_be_bytes([high, low]), u32::from_be_bytes(value));
            let wrong = || Broken::Setting { id, value };
            match id {
                TABLE_SIZE => self.table_size = value,
                // A server has nothing that a client could push.
                ENABLE_PUSH if value != 0 => return Err(wrong()),
                MOST_STREAMS => self.streams = Some(value),
                INITIAL_WINDOW if value > MOST_WINDOW => return Err(wrong()),
                INITIAL_WINDOW => self.window = value,
                FRAME_SIZE if !(USUAL_FRAME..1 << 24).contains(&value) => return Err(wrong()),
                FRAME_SIZE => self.frame = value,
                // Others are not for us, or not known.
                _ => {}
            }
        }
        Ok(())
    }
}

/// Appends one setting.
pub(super) fn put(id: u16, value: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&id.to_be_bytes());
    out.extend_from_slice(&value.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(settings: &[(u16, u32)]) -> Result<Settings, Broken> {
        let mut payload = Vec::new();
        for (id, value) in settings {
            put(*id, *value, &mut payload);
        }
        let mut settings = Settings::default();
        settings.take(&payload).map(|()| settings)
    }

    #[test]
    fn settings_are_taken_and_those_that_are_not_known_ignored() {
        let all = [(1, 0), (2, 0), (3, 7), (4, 1 << 20), (5, 1 << 20), (6, 9), (0xabc, 1), (3, 8)];
        let want = Settings { table_size: 0, streams: Some(8), window: 1 << 20, frame: 1 << 20 };
        assert_eq!(taken(&all), Ok(want));
    }

    #[test]
    fn values_that_a_setting_can_not_have_are_refused() {
        for (id, value) in [(2, 1), (4, 1 << 31), (5, 16_383), (5, 1 << 24)] {
            assert_eq!(taken(&[(id, value)]), Err(Broken::Setting { id, value }));
        }
    }
}
