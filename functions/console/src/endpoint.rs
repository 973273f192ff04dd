//! [`Endpoint`]: a route of the API together with its description, so that neither can be changed
//! without the other.

use std::sync::Arc;

use axum::handler::Handler;
use axum::middleware;
use axum::routing::{self, MethodRouter};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use settings::Role;

use crate::{Console, auth};

/// A query parameter, and its JSON Schema as JSON.
pub(crate) type QueryParameter = (&'static str, &'static str, &'static str);

/// Makes the schema of a type.
pub(crate) type Describe = fn(&mut SchemaGenerator) -> Schema;

/// What a success is answered with.
#[derive(Clone, Copy)]
pub(crate) enum Content {
    /// JSON of this schema.
    Json(Describe),
    /// The bytes of somebody else.
    Raw,
}

/// A route with one method.
pub(crate) struct Endpoint {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) name: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) handler: MethodRouter<Arc<Console>>,
    pub(crate) query: &'static [QueryParameter],
    /// The schema of the body, and whether it must be there.
    pub(crate) body: Option<(Describe, bool)>,
    /// What the caller's token must be good for.
    pub(crate) role: Role,
    /// The status of a success.
    pub(crate) status: u16,
    pub(crate) content: Content,
    /// The other statuses that it may answer with, besides those of every endpoint.
    pub(crate) problems: &'static [u16],
}

impl Endpoint {
    /// `GET path`, for those who may read; answers 200 with JSON of the type `T`.
    pub(crate) fn get<T: JsonSchema, H, A>(path: &'static str, name: &'static str, handler: H) -> Self
    where
        H: Handler<A, Arc<Console>>,
        A: 'static,
    {
        Self::new::<T>("get", path, name, Role::Read, routing::get(handler))
    }

    /// `POST path`, for those who have `role`; answers 200 with JSON of the type `T`.
    pub(crate) fn post<T: JsonSchema, H, A>(
        role: Role,
        path: &'static str,
        name: &'static str,
        handler: H,
    ) -> Self
    where
        H: Handler<A, Arc<Console>>,
        A: 'static,
    {
        Self::new::<T>("post", path, name, role, routing::post(handler))
    }

    fn new<T: JsonSchema>(
        method: &'static str,
        path: &'static str,
        name: &'static str,
        role: Role,
        handler: MethodRouter<Arc<Console>>,
    ) -> Self {
        let handler = handler.route_layer(middleware::from_fn_with_state(role, auth::demand));
        Self {
            method,
            path,
            name,
            summary: "",
            handler,
            query: &[],
            body: None,
            role,
            status: 200,
            content: Content::Json(SchemaGenerator::subschema_for::<T>),
            problems: &[],
        }
    }

    /// What it does, in a sentence.
    pub(crate) fn summary(self, summary: &'static str) -> Self {
        Self { summary, ..self }
    }

    /// Its query parameters.
    pub(crate) fn query(self, query: &'static [QueryParameter]) -> Self {
        Self { query, ..self }
    }

    /// Takes a JSON body of the type `T`.
    pub(crate) fn body<T: JsonSchema>(self, required: bool) -> Self {
        Self { body: Some((SchemaGenerator::subschema_for::<T>, required)), ..self }
    }

    /// Answers with bytes of any media type.
    pub(crate) fn raw(self) -> Self {
        Self { content: Content::Raw, ..self }
    }

    /// Answers a success with this status.
    pub(crate) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// May also answer with a problem of these statuses.
    pub(crate) fn problems(self, problems: &'static [u16]) -> Self {
        Self { problems, ..self }
    }
}
