import { readVisit } from "../../visit";

export default async function Account() {
  const { user } = await readVisit();
  return <output id="account">{user?.email ?? "nobody"}</output>;
}
