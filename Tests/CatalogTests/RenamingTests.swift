import SQLText
import Testing

@testable import Catalog

@Suite struct RenamingTests {
  private let renaming = Renaming(tables: [QualifiedName("public", "t"): QualifiedName("public", "new")])

  @Test(
    "the table's name is replaced where it is the table's, nowhere else",
    arguments: [
      ("SELECT t.a, x.t FROM public.t", #"SELECT "new".a, x.t FROM "public"."new""#),
      ("SELECT a FROM (public.t b JOIN public.u t ON (t.id = b.id))",
        #"SELECT a FROM ("public"."new" b JOIN public.u "new" ON ("new".id = b.id))"#),
      (#"SELECT "t".a FROM "public"."t""#, #"SELECT "new".a FROM "public"."new""#),
      ("SELECT 'public.t', E'it\\'s public.t' AS t", "SELECT 'public.t', E'it\\'s public.t' AS t"),
      ("tableoid = 'public.t'::regclass::oid", #"tableoid = '"public"."new"'::regclass::oid"#),
      ("nextval('public.t_id_seq'::regclass)", "nextval('public.t_id_seq'::regclass)"),
      ("EXECUTE FUNCTION public.t()", "EXECUTE FUNCTION public.t()"),
      ("FOREIGN KEY (up) REFERENCES public.t(id)", #"FOREIGN KEY (up) REFERENCES "public"."new"(id)"#),
      ("INSERT INTO public.t (a, t) VALUES (1, 2)", #"INSERT INTO "public"."new" (a, t) VALUES (1, 2)"#),
      ("(t.*)::public.t IS NOT NULL", #"("new".*)::"public"."new" IS NOT NULL"#),
      ("SELECT other.t.a, publics.t, tt.t", "SELECT other.t.a, publics.t, tt.t"),
      (#"SELECT "it""s t".a, "T".b FROM public."it""s t", public."T""#,
        #"SELECT "it""s t".a, "T".b FROM public."it""s t", public."T""#),
      ("AS $function$ SELECT * FROM public.t $function$ $1", "AS $function$ SELECT * FROM public.t $function$ $1"),
    ])
  func text(before: String, after: String) {
    #expect(renaming.text(before) == after)
  }

  @Test(
    "texts are compared without regard to quotes that are not needed",
    arguments: [
      (#"REFERENCES "public"."t"(id)"#, "REFERENCES public.t(id)", true), (#""T".a"#, "t.a", false),
      ("a = 'x y'", "a = '\"x y\"'", false), (#"'"public"."t"'::regclass"#, "'public.t'::regclass", true),
      ("a > 1", "a > 2", false), ("a > 1", "a > 1 AND b", false),
    ])
  func quotes(one: String, other: String, same: Bool) {
    #expect(ServerText(one).says(what: ServerText(other)) == same)
  }

  @Test("text without the name comes out byte by byte as it went in")
  func untouched() {
    let text = "  CHECK (((\"Größe\" ~ '^\\d+''$'::text) AND ($1 > 1.5e3) -- \u{0301}\n\t<> ALL (ARRAY['a'::text]))) \"open"
    #expect(renaming.text(text) == text)
  }
}
