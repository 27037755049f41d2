import { readVisit } from "../visit";
import { Panel } from "./panel";

export default async function Page() {
  const { status, user, initial } = await readVisit();
  return (
    <main>
      <output id="server">{`${status} ${user?.email ?? "nobody"}`}</output>
      <Panel initial={initial} />
    </main>
  );
}
