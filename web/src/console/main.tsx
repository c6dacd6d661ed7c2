// The console: the whole system on one page, for staff.
/** @jsxImportSource preact */

import { render } from "preact";

import { pageData } from "../page_data.ts";
import { App } from "./app.tsx";
import "./console.css";
import "./controls.css";

const { token = null } = pageData<{ token?: string | null }>();

render(<App given={token} />, document.getElementById("console")!);
