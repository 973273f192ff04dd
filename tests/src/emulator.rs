//! AWS on this machine: one emulator process for each test binary, over the real wire protocols.
//!
//! [`Emulator::shared`] starts it at first use and fails the test, with a word on how to mend it,
//! when it cannot be had. It ends with this process, however that ends.

mod process;
mod wire;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use aws::{AwsConfig, tables};
use aws_config::{Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use domain::Stores;

use crate::venv::Venv;
use process::Process;

pub use wire::{AwsService, Wire};

/// The emulator takes any keys, and the SDKs want some.
const ACCESS_KEY: &str = "test";
const REGION: &str = "us-east-1";

const VENV: Venv = Venv {
    name: "emulator",
    what: "an AWS emulator",
    file: "tests/requirements/emulator.txt",
    requirements: include_str!("../requirements/emulator.txt"),
};

/// A running emulator.
#[derive(Debug)]
pub struct Emulator {
    process: Process,
}

/// Resources of one test, and the ports on them.
#[derive(Clone)]
pub struct Resources {
    /// Their names.
    pub config: AwsConfig,
    /// The ports.
    pub stores: Stores,
}

impl Emulator {
    /// The emulator of this test binary.
    ///
    /// # Panics
    /// When it cannot be installed or started: a test that needs it fails then, and is not skipped.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<Emulator, String>> = OnceLock::new();
        let started = SHARED.get_or_init(|| Ok(Self { process: Process::start(&VENV.python()?)? }));
        match started {
            Ok(emulator) => emulator,
            Err(message) => fail(message),
        }
    }

    /// Its address, for `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://localhost:{}", self.process.port())
    }

    /// The variables that make a program of ours, or any AWS SDK, use it.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", ACCESS_KEY.to_owned()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }

    /// What production uses, pointed at the emulator.
    pub async fn sdk_config(&self) -> SdkConfig {
        let keys = Credentials::new(ACCESS_KEY, ACCESS_KEY, None, None, "emulator");
        aws::config_loader()
            .region(Region::new(REGION))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .endpoint_url(self.endpoint())
            .load()
            .await
    }

    /// Tables, queues and a bucket that no other test uses.
    ///
    /// # Panics
    /// When they cannot be created.
    pub async fn resources(&self) -> Resources {
        self.resources_with(&self.sdk_config().await).await
    }

    /// The same, used through `sdk`.
    ///
    /// # Panics
    /// When they cannot be created.
    pub async fn resources_with(&self, sdk: &SdkConfig) -> Resources {
        match tables::create(&self.sdk_config().await, &unique_prefix()).await {
            Ok(config) => Resources { stores: aws::Aws::connect(config.clone(), sdk), config },
            Err(error) => fail(&error.to_string()),
        }
    }
}

/// A name that no other test of this process has; other processes have emulators of their own.
#[must_use]
pub fn unique_prefix() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("test-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

#[expect(clippy::panic, reason = "a test that lacks what it needs must fail")]
fn fail(message: &str) -> ! {
    panic!("{message}")
}
