// The example shop: written as a frontend team would, on nothing but the published schema and the recipes of the docs.

import { createRoot } from "react-dom/client";

import { Shop } from "./shop.tsx";
import "./shop.css";

createRoot(document.getElementById("shop")!).render(<Shop />);
