//! How often a site's question was shown and how it was answered, for its own systems. What is withheld is withheld here too.

use actix_web::http::header::{self, Accept, Header};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use crate::day::Day;
use crate::error::{Error, Result};
use crate::http::problem::Problem;
use crate::http::{State, access, read};
use crate::scope::Scope;
use crate::stats::{self, Column, Range, told};

/// Columns that one table may be grouped by, and rows that it may have: what has to be withheld is found out in every coarser one.
const MOST_COLUMNS: usize = 4;
const MOST_ROWS: usize = 10_000;

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Csv,
    Json,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    from: Option<String>,
    to: Option<String>,
    by: Option<String>,
    format: Option<Format>,
}

impl Wish {
    fn range(&self) -> Result<Range> {
        let day = |field: &str, text: &Option<String>| -> Result<Option<Day>> {
            text.as_ref().map(|text| text.parse().map_err(|e: String| Error::invalid(field, e))).transpose()
        };
        let range = Range { from: day("from", &self.from)?, to: day("to", &self.to)? };
        match (range.from, range.to) {
            (Some(from), Some(to)) if from > to => {
                Err(Error::invalid("to", "expected a day that is not before `from`"))
            }
            _ => Ok(range),
        }
    }

    fn columns(&self) -> Result<Vec<Column>> {
        let named = self.by.iter().flat_map(|by| by.split(',')).filter(|_| self.by.as_deref() != Some(""));
        let columns = named.map(|name| {
            let known = || Column::ALL.map(Column::as_str).join(", ");
            let found = Column::ALL.into_iter().find(|column| column.as_str() == name);
            found.ok_or_else(|| Error::invalid("by", format!("expected some of {}, with commas between", known())))
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        if columns.len() > MOST_COLUMNS {
            return Err(Error::invalid("by", format!("expected at most {MOST_COLUMNS} columns")));
        }
        Ok(Column::each_once(&columns))
    }
}

/// `GET /v1/sites/{site}/stats?from=&to=&by=&format=`: the figures of some days, in groups.
pub async fn show(
    site: Path<String>,
    wish: Query<Wish>,
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let site = state.sites.find(&site)?;
    access::require(&request, &state, &site, Scope::Stats).await?;
    let (id, range, columns) = (site.id, wish.range()?, wish.columns()?);
    let table = read(&state, move |conn| stats::table(conn, id, range, &columns, MOST_ROWS)).await?;
    let mut response = HttpResponse::Ok();
    response.insert_header((header::VARY, "Accept"));
    Ok(match wish.format.unwrap_or_else(|| preferred(&request)) {
        Format::Csv => response.content_type("text/csv; charset=utf-8; header=present").body(told::csv(&table)),
        Format::Json => response.json(told::json(&table)),
    })
}

/// What the client likes better; JSON where it does not say.
fn preferred(request: &HttpRequest) -> Format {
    let accepted = Accept::parse(request).map(|accept| accept.ranked()).unwrap_or_default();
    let named = accepted.iter().find_map(|range| match range.essence_str() {
        "text/csv" | "text/*" => Some(Format::Csv),
        "application/json" | "application/*" | "*/*" => Some(Format::Json),
        _ => None,
    });
    named.unwrap_or(Format::Json)
}
