import { Drawer } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import type { Language } from "../api/types";
import { ArticlePane } from "./ArticlePane";

interface Props {
  shown?: { article: string; lang?: Language; at?: string };
  onClose: () => void;
  className?: string;
}

/** The open passage: beside the page where there is room, over it on a phone. */
export function PassageHost({ shown, onClose, className }: Props) {
  const { t } = useTranslation();
  const narrow = useMediaQuery("(max-width: 61.99em)", false, { getInitialValueInEffect: false });
  if (!shown) return null;
  const pane = <ArticlePane {...shown} onClose={onClose} />;
  if (!narrow) return <aside className={className}>{pane}</aside>;
  return (
    <Drawer.Root opened onClose={onClose} position="bottom" size="92%">
      <Drawer.Overlay />
      <Drawer.Content aria-label={t("chat.passage.title")}>
        <Drawer.Body p={0} h="100%">
          {pane}
        </Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}
