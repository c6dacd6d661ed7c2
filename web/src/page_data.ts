// What the server says to a page: JSON in an element of its own, because a policy without inline scripts does not run that.

/** The data of this page, of the shape that its view in `api/pages/` gives them. */
export function pageData<Data>(): Data {
  return JSON.parse(document.getElementById("page-data")?.textContent || "{}") as Data;
}
